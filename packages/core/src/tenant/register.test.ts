import { beforeEach, describe, expect, test } from "vitest";
import { platformOrg, permissions } from "../access/policy.ts";
import type { Context } from "../context.ts";
import type { IdKind } from "../ids.ts";
import { prefixes } from "../ids.ts";
import { getOperation } from "../operation/get.ts";
import { listOperations } from "../operation/list.ts";
import type { Ports } from "../ports.ts";
import { type Memory, memory, memoryRegistry } from "../testing/memory.ts";
import { memoryOperations } from "../testing/memory-operations.ts";
import { getTenant } from "./get.ts";
import { listTenants } from "./list.ts";
import { RegisterTenant, registerTenant } from "./register.ts";

const now = "2026-11-20T13:45:12.123Z";
const admin: Context = {
  actor: { id: "sub", email: "admin@platform.example", orgId: platformOrg, permissions: new Set(permissions) },
  requestId: "req",
  sourceIp: "192.0.2.1",
};
const page = { limit: 20, after: null };

let state: Memory;
let started: { operation_id: string; tenant_id: string }[];
let ports: Ports;
let startFails: (() => void) | undefined;

beforeEach(() => {
  state = memory();
  started = [];
  startFails = undefined;
  let ids = 0;
  ports = {
    registry: memoryRegistry(state),
    operations: memoryOperations(state),
    workflows: {
      start: async ({ id, tenant_id }) => {
        startFails?.();
        started.push({ operation_id: id, tenant_id });
      },
      stop: async () => {},
      look: async () => "running",
    },
    clock: () => new Date(now),
    newId: (kind: IdKind) => `${prefixes[kind]}_${String(++ids).padStart(26, "0")}`,
  };
});

const seed = RegisterTenant.parse({
  name: "Acme Corp",
  tier: "premium",
  config: { region: "us-east-1", features: ["analytics", "api-access"] },
});
const register = (ctx = admin, input = seed) => registerTenant(ports)(ctx, input);

describe("registering a tenant", () => {
  test("stores tenant and operation with audit entry and event, then starts the workflow", async () => {
    const { tenant, operation } = await register();
    expect(tenant).toMatchObject({
      slug: "acme-corp",
      name: "Acme Corp",
      tier: "premium",
      status: "provisioning",
      config: { region: "us-east-1", features: ["analytics", "api-access"] },
      owner: { email: "admin@platform.example" },
      resources: {},
      created_at: now,
    });
    expect(operation).toMatchObject({ status: "pending", tenant_id: tenant.id, ended_at: null });
    expect(operation.steps).toHaveLength(7);
    expect(operation.steps.every(({ status, attempts }) => status === "pending" && attempts === 0)).toBe(true);
    expect(started).toEqual([{ operation_id: operation.id, tenant_id: tenant.id }]);
    expect(state.commits).toMatchObject([
      {
        audit: {
          action: "tenant.register",
          actor: "sub",
          tenant_id: tenant.id,
          request_id: "req",
          source_ip: "192.0.2.1",
        },
        events: [{ type: "tenant.registered.v1", subject: tenant.id }],
      },
    ]);
    expect(await getTenant(ports)(admin, { tenantId: tenant.id })).toEqual(tenant);
    expect(await getOperation(ports)(admin, { operationId: operation.id })).toEqual(operation);
    expect((await listTenants(ports)(admin, {}, page)).items).toEqual([tenant]);
    expect((await listOperations(ports)(admin, {}, page)).items).toEqual([operation]);
  });

  test("needs nothing but a name and a tier", () => {
    expect(RegisterTenant.parse({ name: "A", tier: "trial" })).toEqual({
      name: "A",
      tier: "trial",
      config: { region: "us-east-1", features: [] },
    });
    expect(RegisterTenant.safeParse({ name: "A", tier: "trial", config: { features: ["sso", "sso"] } }).success).toBe(
      false,
    );
  });

  test("takes the owner who is named, and refuses to guess one", async () => {
    const named = await register(admin, { ...seed, owner: { email: "owner@acme.example" } });
    expect(named.tenant.owner).toEqual({ email: "owner@acme.example" });
    const nameless = { ...admin, actor: { ...admin.actor, email: undefined } };
    await expect(register(nameless, { ...seed, name: "Other" })).rejects.toMatchObject({
      code: "invalid-request",
      errors: [{ pointer: "/owner" }],
    });
  });

  test("refuses a second tenant of the name, naming the first and its operation", async () => {
    const { tenant, operation } = await register();
    const second = register(admin, { ...seed, name: "ACME  corp" });
    await expect(second).rejects.toMatchObject({ code: "tenant-exists" });
    const detail = new RegExp(`acme-corp.*${tenant.id}.*${operation.id}`);
    await expect(second).rejects.toMatchObject({ detail: expect.stringMatching(detail) });
    expect(state.tenants.size).toBe(1);
  });

  test("is refused with all reasons at once, before anything changes", async () => {
    await register();
    const commits = state.commits.length;
    const limited = registerTenant(ports, () => ({ premium_tenants: 1 }));
    await expect(limited(admin, seed)).rejects.toMatchObject({
      code: "tenant-exists",
      errors: [{ pointer: "/name" }, { pointer: "/tier", detail: expect.stringContaining("room for 1") }],
    });
    await expect(limited(admin, { ...seed, name: "Other" })).rejects.toMatchObject({ code: "quota-used-up" });
    const small = registerTenant(ports, () => ({ premium_tenants: 1, db_clusters: 2, user_pools: 0 }));
    await expect(
      small(admin, { ...seed, config: { region: "mars-north-1", features: ["analytics", "flying"] } }),
    ).rejects.toMatchObject({
      code: "invalid-request",
      errors: [
        { pointer: "/config/region", detail: expect.stringContaining("us-east-1, us-east-2") },
        { pointer: "/config/features/1", detail: expect.stringContaining("analytics, api-access") },
        { pointer: "/name" },
        { pointer: "/tier", detail: expect.stringContaining("1 more of the Cognito user pools") },
        { pointer: "/tier", detail: expect.stringContaining("Aurora clusters, of which tenants take 1 of 1") },
        { pointer: "/tier", detail: expect.stringContaining("room for 1 tenants") },
      ],
    });
    const features = ["analytics", "sso"] as const;
    await expect(
      register(admin, { ...seed, tier: "trial", config: { region: "us-east-1", features: [...features] } }),
    ).rejects.toMatchObject({
      code: "invalid-request",
      errors: [{ pointer: "/config/features/1", detail: "sso is not part of the tier trial" }, { pointer: "/name" }],
    });
    expect([state.tenants.size, state.commits.length]).toEqual([1, commits]);
  });

  test("takes its part of each quota, and gives it back when it is withdrawn", async () => {
    await register();
    expect(Object.fromEntries(state.quotas)).toEqual({
      api_keys: 1,
      user_pools: 1,
      db_clusters: 1,
      kms_keys: 1,
      secrets: 2,
      pod_identities: 1,
      namespaces: 1,
      premium_tenants: 1,
    });
    startFails = () => {
      throw new Error("down");
    };
    await expect(register(admin, { ...seed, name: "Other", tier: "business" })).rejects.toThrow("could not be started");
    expect(Object.fromEntries(state.quotas)).toMatchObject({ namespaces: 1, databases: 0, database_roles: 0 });
  });

  test("that loses the last room to another one at the same instant is told so", async () => {
    const limited = registerTenant(ports, () => ({ premium_tenants: 1 }));
    const both = await Promise.allSettled([limited(admin, seed), limited(admin, { ...seed, name: "Other" })]);
    expect(both.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
    expect(both[1]).toMatchObject({ reason: { code: "quota-used-up", errors: [{ pointer: "/tier" }] } });
    expect(state.tenants.size).toBe(1);
  });

  test("is taken back when the workflow cannot be started, so that it may be repeated", async () => {
    const boom = new Error("down");
    startFails = () => {
      throw boom;
    };
    await expect(register()).rejects.toMatchObject({ code: "unavailable", cause: boom });
    expect([state.tenants.size, state.slugs.size, state.operations.size]).toEqual([0, 0, 0]);
    expect(state.commits.map(({ audit }) => audit.action)).toEqual(["tenant.register", "tenant.withdraw"]);
    startFails = undefined;
    expect((await register()).tenant.slug).toBe("acme-corp");
  });

  test("stands when the start had succeeded and only its reply was lost", async () => {
    startFails = () => {
      const [id] = state.operations.keys();
      void ports.operations.startStep(id ?? "", "ValidateTenant", now);
      throw new Error("lost reply");
    };
    const { tenant } = await register();
    expect(state.tenants.get(tenant.id)).toEqual(tenant);
  });

  test("is answered as at first when its process died before it was answered, by its key", async () => {
    const asked = (key?: string, ctx = admin) => registerTenant(ports)(ctx, seed, key);
    const first = await asked("one");
    started.length = 0;
    expect(await asked("one")).toEqual(first);
    expect(started).toEqual([{ operation_id: first.operation.id, tenant_id: first.tenant.id }]);
    const other = { ...admin, actor: { ...admin.actor, id: "another" } };
    const otherTier = registerTenant(ports)(admin, { ...seed, tier: "business" }, "one");
    for (const again of [asked("two"), asked(), asked("one", other), otherTier])
      await expect(again).rejects.toMatchObject({ code: "tenant-exists" });
  });

  test("comes back to life when its process died before the start", async () => {
    const { operation } = await register();
    started.length = 0;
    await expect(register()).rejects.toMatchObject({ code: "tenant-exists" });
    expect(started).toEqual([{ operation_id: operation.id, tenant_id: operation.tenant_id }]);
    await ports.operations.startStep(operation.id, "ValidateTenant", now);
    started.length = 0;
    await expect(register()).rejects.toMatchObject({ code: "tenant-exists" });
    expect(started).toEqual([]);
  });
});

describe("the verbs", () => {
  const holding = (
    orgId: string,
    ...held: Context["actor"]["permissions"] extends ReadonlySet<infer P> ? P[] : never
  ) => ({
    ...admin,
    actor: { ...admin.actor, orgId, permissions: new Set(held) },
  });

  test("refuse who lacks the permission, before they look at anything", async () => {
    const nobody = holding(platformOrg);
    const refused = { code: "forbidden" };
    await expect(register(nobody)).rejects.toMatchObject(refused);
    await expect(getTenant(ports)(nobody, { tenantId: "x" })).rejects.toMatchObject(refused);
    await expect(listTenants(ports)(nobody, {}, page)).rejects.toMatchObject(refused);
    await expect(getOperation(ports)(nobody, { operationId: "x" })).rejects.toMatchObject(refused);
    await expect(listOperations(ports)(nobody, {}, page)).rejects.toMatchObject(refused);
    expect(state.commits).toEqual([]);
  });

  test("show a member of a tenant their own and nothing of others, not even that it is there", async () => {
    const mine = await register();
    const theirs = await register(admin, { ...seed, name: "Other" });
    const member = holding(mine.tenant.id, "tenants:read", "operations:read", "tenants:create");
    expect(await getTenant(ports)(member, { tenantId: mine.tenant.id })).toEqual(mine.tenant);
    expect(await getOperation(ports)(member, { operationId: mine.operation.id })).toEqual(mine.operation);
    await expect(getTenant(ports)(member, { tenantId: theirs.tenant.id })).rejects.toMatchObject({
      code: "tenant-not-found",
    });
    await expect(getOperation(ports)(member, { operationId: theirs.operation.id })).rejects.toMatchObject({
      code: "operation-not-found",
    });
    await expect(listTenants(ports)(member, {}, page)).rejects.toMatchObject({ code: "forbidden" });
    expect((await listOperations(ports)(member, {}, page)).items).toEqual([mine.operation]);
    await expect(listOperations(ports)(member, { tenantId: theirs.tenant.id }, page)).rejects.toMatchObject({
      code: "tenant-not-found",
    });
    await expect(register(member, { ...seed, name: "Third" })).rejects.toMatchObject({ code: "forbidden" });
  });

  test("tell a tenant's own users that a step failed, and staff how", async () => {
    const { tenant, operation } = await register();
    const error = { code: "AccessDenied", message: "arn:aws:iam::123456789012:role/inside" };
    const steps = operation.steps.map((step, at) => (at === 1 ? { ...step, status: "failed" as const, error } : step));
    const failed = { ...operation, steps, error: { ...error, step: "ProvisionDatabase" as const } };
    state.operations.set(operation.id, failed);
    const member = holding(tenant.id, "operations:read");
    const seen = [
      await getOperation(ports)(member, { operationId: operation.id }),
      ...(await listOperations(ports)(member, {}, page)).items,
    ];
    for (const one of seen) {
      expect(one.error).toMatchObject({ code: "StepFailed", step: "ProvisionDatabase" });
      expect(one.steps[1]).toMatchObject({ status: "failed", error: { code: "StepFailed" } });
      expect(JSON.stringify(one)).not.toContain("arn:");
    }
    expect(seen).toHaveLength(2);
    expect(await getOperation(ports)(admin, { operationId: operation.id })).toEqual(failed);
  });

  test("find nothing under what is no id", async () => {
    await expect(getTenant(ports)(admin, { tenantId: "acme" })).rejects.toMatchObject({ code: "tenant-not-found" });
    await expect(getOperation(ports)(admin, { operationId: "1" })).rejects.toMatchObject({
      code: "operation-not-found",
    });
  });
});
