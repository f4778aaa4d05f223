import { newOnboarding } from "../operation/begin.ts";
import type { StepName } from "../operation/operation.ts";
import type { Operations } from "../ports.ts";
import { memory, memoryRegistry } from "../testing/memory.ts";
import { memoryOperations } from "../testing/memory-operations.ts";
import type { Tenant } from "../tenant/tenant.ts";
import type { Mail, ProvisioningPorts, TaskRun, TaskVerb } from "./ports.ts";

export const ids = { tenant: "ten_01JD00000000000000000000AA", operation: "op_01JD00000000000000000000AA" };
export const at = "2026-11-20T13:45:12.123Z";

export const aTenant = (more: Partial<Tenant> = {}): Tenant => ({
  id: ids.tenant,
  slug: "acme-corp",
  name: "Acme Corp",
  tier: "premium",
  status: "provisioning",
  config: { region: "us-east-1", features: ["analytics", "api-access"] },
  owner: { email: "owner@acme.example" },
  resources: {},
  created_at: at,
  updated_at: at,
  ...more,
});

export const run: TaskRun = { operationId: ids.operation, tenantId: ids.tenant, requestId: "req-1" };

/** Runs a step as the edge of the tasks does. */
export const perform = async (
  ports: ProvisioningPorts,
  name: StepName,
  verb: (ports: ProvisioningPorts) => TaskVerb,
): Promise<void> => {
  await ports.operations.startStep(ids.operation, name, at);
  const made = await verb(ports)(run);
  const record = made ? { ...made, tenantId: ids.tenant } : undefined;
  await ports.operations.endStep(ids.operation, name, at, { error: null, ...(record && { record }) });
};

/** The first step, with which the operation runs. */
export const validated = async (operations: Operations): Promise<void> => {
  await operations.startStep(ids.operation, "ValidateTenant", at);
  await operations.endStep(ids.operation, "ValidateTenant", at, { error: null });
};

/** A registered tenant in memory, and planes that count what they were asked. */
export const world = (tenant: Tenant | null = aTenant()) => {
  const state = memory();
  if (tenant !== null) state.tenants.set(tenant.id, tenant);
  state.operations.set(ids.operation, newOnboarding(ids.operation, ids.tenant, at));
  const asked: Record<string, unknown[]> = {
    databases: [],
    storage: [],
    users: [],
    issuers: [],
    usageKeys: [],
    cluster: [],
    mailer: [],
  };
  const released: Record<string, string[]> = {
    databases: [],
    storage: [],
    users: [],
    issuers: [],
    usageKeys: [],
    cluster: [],
  };
  const given = new Set<string>();
  let made = 0;
  const ports: ProvisioningPorts = {
    registry: memoryRegistry(state),
    operations: memoryOperations(state),
    clock: () => new Date(at),
    newId: (kind) => `${kind}_${(made += 1)}`,
    databases: {
      async release({ id }) {
        released["databases"]!.push(id);
      },
      async ensure(request) {
        asked["databases"]!.push(request);
        const { isolation, name, role } = request;
        return { isolation, host: "db.example", port: 5432, name, role, secret_arn: "arn:aws:secretsmanager:::secret" };
      },
    },
    storage: {
      async release({ id }) {
        released["storage"]!.push(id);
      },
      async ensure(request) {
        asked["storage"]!.push(request);
        return { bucket: "data", prefix: request.prefix, objects: request.objects.map((key) => request.prefix + key) };
      },
    },
    issuers: {
      async register(issuer) {
        asked["issuers"]!.push(issuer);
      },
      async remove(issuer) {
        released["issuers"]!.push(issuer.client_id);
      },
      of: async () => [],
    },
    usageKeys: {
      async release({ id }) {
        released["usageKeys"]!.push(id);
      },
      async ensure(request) {
        asked["usageKeys"]!.push(request);
        return "usage-key";
      },
    },
    users: {
      async confirm() {},
      async release({ id }, { leaving }) {
        await leaving("sub-1");
        released["users"]!.push(id);
      },
      async ensure(request) {
        asked["users"]!.push(request);
        return { user_pool_id: "us-east-1_pool", owner_user_id: "sub-1", owner_email: request.email };
      },
    },
    cluster: {
      name: "cluster",
      async release({ id }) {
        released["cluster"]!.push(id);
      },
      async ensure(request) {
        asked["cluster"]!.push(request);
        return {
          cluster: "cluster",
          name: request.objects[0]!.metadata.name,
          objects: request.objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
        };
      },
    },
    notices: {
      given: async (operationId) => given.has(operationId),
      async give(operationId) {
        given.add(operationId);
      },
    },
    mailer: {
      async send(mail: Mail, tags) {
        asked["mailer"]!.push({ mail, tags });
      },
    },
  };
  return {
    state,
    ports,
    asked,
    released,
    tenant: () => state.tenants.get(ids.tenant)!,
    operation: () => state.operations.get(ids.operation)!,
  };
};
