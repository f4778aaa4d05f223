import type { AuditEntry } from "@tenantry/core/audit/audit";
import type { Commit, Operations, Registry } from "@tenantry/core/ports";
import type { Tenant, TenantStatus } from "@tenantry/core/tenant/tenant";
import type { TierName } from "@tenantry/core/tenant/tier";
import { memory, memoryRegistry } from "@tenantry/core/testing/memory";
import { memoryOperations } from "@tenantry/core/testing/memory-operations";
import { newId } from "../new-id.ts";
import { dynamoOperations } from "../operations.ts";
import { dynamoRegistry } from "../registry.ts";
import { createControlTable, type Engine } from "./dynamo-engine.ts";

export const at = "2026-11-20T13:45:12.123Z";
export const later = "2026-11-20T13:46:00.000Z";

export const tenantOf = (slug: string, tier: TierName = "standard", status: TenantStatus = "provisioning"): Tenant => ({
  id: newId("tenant"),
  slug,
  name: slug,
  tier,
  status,
  config: { region: "us-east-1", features: ["analytics"] },
  owner: { email: "owner@acme.example" },
  resources: {},
  created_at: at,
  updated_at: at,
});

export const commitFor = (tenantId: string): Commit => {
  const audit: AuditEntry = {
    id: newId("audit"),
    at,
    actor: "usr",
    action: "tenant.register",
    tenant_id: tenantId,
    request_id: "r",
    source_ip: null,
    before: null,
    after: { a: 1 },
  };
  const event = { id: newId("event"), type: "tenant.registered.v1", subject: tenantId, time: at, data: {} } as const;
  return { audit, events: [event] };
};

type Adapters = { readonly registry: Registry; readonly operations: Operations };

/** The adapters that pass the same suites, each with a table of its own. */
export const registries: readonly (readonly [name: string, open: (engine: Engine) => Promise<Adapters>])[] = [
  [
    "memory",
    async () => {
      const state = memory();
      return { registry: memoryRegistry(state), operations: memoryOperations(state) };
    },
  ],
  [
    "dynamodb",
    async ({ documents }) => {
      const name = `control-${newId("event")}`;
      await createControlTable(documents, name);
      return { registry: dynamoRegistry(documents, name), operations: dynamoOperations(documents, name) };
    },
  ],
];
