import { AuditRecord as CoreAuditRecord, auditResults } from "@tenantry/core/audit/audit";
import { Instant } from "@tenantry/core/time";
import { z } from "zod";
import { userIdExample } from "./user.ts";
import { instantExample, pageQuery, pathId, tenantIdExample } from "./common.ts";

export type AuditRecord = CoreAuditRecord;
export const AuditRecord = CoreAuditRecord.meta({
  id: "AuditEntry",
  description:
    "Who did what to which tenant. `chain` is the entry's place in the tenant's hash chain, null until it is linked a moment after it was written.",
  example: {
    id: "aud_01JD5V8Q9C3E5G7J9M1P3R5T7V",
    at: instantExample,
    actor: "9f1c2d3e-0000-4000-8000-000000000000",
    action: "tenant.register",
    tenant_id: tenantIdExample,
    request_id: "0f7b6c1e-8a4d-4a55-9a3e-6f2b0c1d2e3f",
    source_ip: "192.0.2.7",
    before: null,
    after: { slug: "acme-corp", tier: "premium" },
    on_behalf_of: null,
    target: "POST /admin/tenants",
    user_agent: "curl/8.5.0",
    result: "done",
    chain: {
      seq: 1,
      previous: "0".repeat(64),
      hash: "9b74c9897bac770ffc029102a200c5de9b74c9897bac770ffc029102a200c5de",
    },
  },
});

export const ListOwnAuditQuery = z.strictObject({
  actor: pathId("Only what this user did, by `sub`, or `system:<task>`.", "system:activate-tenant").optional(),
  action: pathId("Only this.", "tenant.register").optional(),
  result: z.enum(auditResults).optional().meta({ description: "Only what was done, or only what was denied." }),
  on_behalf_of: pathId("Only what staff did in this user's name.", userIdExample).optional(),
  from: Instant.optional().meta({ description: "Only from this instant on.", example: instantExample }),
  to: Instant.optional().meta({ description: "Only before this instant.", example: instantExample }),
  ...pageQuery,
});

export const ListAuditQuery = ListOwnAuditQuery.extend({
  tenant: pathId("Only what was done to this tenant.", tenantIdExample).optional(),
});
