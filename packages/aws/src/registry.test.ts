import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import type { AuditEntry } from "@tenantry/core/audit/audit";
import { newOnboarding, pendingCompensation, pendingSteps } from "@tenantry/core/operation/begin";
import { compensationSteps } from "@tenantry/core/operation/operation";
import type { Commit, Operations, PlaneRecord, Registry } from "@tenantry/core/ports";
import type { Claim } from "@tenantry/core/tenant/quota";
import type { Tenant, TenantStatus } from "@tenantry/core/tenant/tenant";
import type { TierName } from "@tenantry/core/tenant/tier";
import { memory, memoryRegistry } from "@tenantry/core/testing/memory";
import { memoryOperations } from "@tenantry/core/testing/memory-operations";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newId } from "./new-id.ts";
import { dynamoOperations } from "./operations.ts";
import { dynamoRegistry } from "./registry.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";

const at = "2026-11-20T13:45:12.123Z";
const later = "2026-11-20T13:46:00.000Z";

const tenantOf = (slug: string, tier: TierName = "standard", status: TenantStatus = "provisioning"): Tenant => ({
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

const commitFor = (tenantId: string): Commit => {
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

let engine: Engine;
beforeAll(async () => {
  engine = await startDynamo();
});
afterAll(() => engine.stop());

let table = 0;
const adapters = {
  memory: async () => {
    const state = memory();
    return { registry: memoryRegistry(state), operations: memoryOperations(state) };
  },
  dynamodb: async () => {
    const name = `control-${++table}`;
    await createControlTable(engine.documents, name);
    return { registry: dynamoRegistry(engine.documents, name), operations: dynamoOperations(engine.documents, name) };
  },
};

describe.each(Object.entries(adapters))("the registry on %s", (_name, open) => {
  let registry: Registry;
  let operations: Operations;
  beforeEach(async () => {
    ({ registry, operations } = await open());
  });

  const register = async (tenant: Tenant) => {
    const operation = newOnboarding(newId("operation"), tenant.id, at);
    return { operation, outcome: await registry.register(tenant, operation, commitFor(tenant.id)) };
  };

  test("gives back the tenant and the operation as they were registered", async () => {
    const tenant = tenantOf("acme");
    const { operation, outcome } = await register(tenant);
    expect(outcome).toBe("registered");
    expect(await registry.getTenant(tenant.id)).toEqual(tenant);
    expect(await operations.get(operation.id)).toEqual(operation);
    expect(await registry.findSlug("acme")).toEqual({ tenant_id: tenant.id, operation_id: operation.id });
    expect(await registry.getTenant(newId("tenant"))).toBeNull();
    expect(await operations.get(newId("operation"))).toBeNull();
    expect(await registry.findSlug("other")).toBeNull();
    const other = tenantOf("other");
    await registry.register(other, { ...operation, id: newId("operation") }, commitFor(other.id), [], "org#ada#key");
    expect(await registry.findSlug("other")).toMatchObject({ tenant_id: other.id, request: "org#ada#key" });
  });

  test("lets one of many registrations of a slug win, and keeps nothing of the others", async () => {
    const rivals = Array.from({ length: 8 }, () => tenantOf("acme"));
    const outcomes = await Promise.all(rivals.map((rival) => register(rival)));
    expect(outcomes.filter(({ outcome }) => outcome === "registered")).toHaveLength(1);
    const { items } = await registry.listTenants({}, { limit: 50, after: null });
    expect(items).toHaveLength(1);
    expect((await operations.list({}, { limit: 50, after: null })).items).toHaveLength(1);
  });

  test("takes a registration back as long as its operation is pending", async () => {
    const tenant = tenantOf("acme");
    const { operation } = await register(tenant);
    expect(await registry.withdraw(tenant, operation.id, commitFor(tenant.id))).toBe("withdrawn");
    expect(await registry.getTenant(tenant.id)).toBeNull();
    expect(await registry.findSlug("acme")).toBeNull();
    expect((await register(tenantOf("acme"))).outcome).toBe("registered");
  });

  test("keeps a registration whose operation has begun", async () => {
    const tenant = tenantOf("acme");
    const { operation } = await register(tenant);
    await operations.startStep(operation.id, "ValidateTenant", later);
    expect(await registry.withdraw(tenant, operation.id, commitFor(tenant.id))).toBe("begun");
    expect(await registry.getTenant(tenant.id)).toEqual(tenant);
  });

  test("pages through each filter without a gap or a double, the newest first", async () => {
    const all: Tenant[] = [];
    for (const tier of ["trial", "premium"] as const)
      for (const status of ["active", "failed"] as const)
        for (let n = 0; n < 3; n++) all.push(tenantOf(`${tier}-${status}-${n}`, tier, status));
    for (const tenant of all) await register(tenant);
    for (const filter of [
      {},
      { status: "active" },
      { tier: "trial" },
      { status: "failed", tier: "premium" },
    ] as const) {
      const wanted = all
        .filter(
          (tenant) =>
            (!("status" in filter) || tenant.status === filter.status) &&
            (!("tier" in filter) || tenant.tier === filter.tier),
        )
        .map(({ id }) => id)
        .toReversed();
      const seen: string[] = [];
      let after: string | null = null;
      do {
        const page = await registry.listTenants(filter, { limit: 2, after });
        seen.push(...page.items.map(({ id }) => id));
        after = page.next;
      } while (after !== null);
      expect(seen).toEqual(wanted);
    }
  });

  test("moves a tenant from the states given and from no other", async () => {
    const tenant = tenantOf("acme");
    await register(tenant);
    expect(await registry.moveTenant(tenant.id, ["active"], "suspended", later, commitFor(tenant.id))).toBeNull();
    expect(await registry.moveTenant(newId("tenant"), ["active"], "suspended", later, commitFor("x"))).toBeNull();
    const moved = { ...tenant, status: "active", updated_at: later };
    const move = () => registry.moveTenant(tenant.id, ["provisioning"], "active", later, commitFor(tenant.id));
    const outcomes = await Promise.all([move(), move()]);
    expect(outcomes.filter((outcome) => outcome !== null)).toEqual([moved]);
    expect(await registry.getTenant(tenant.id)).toEqual(moved);
    const page = { limit: 5, after: null };
    expect((await registry.listTenants({ status: "active" }, page)).items).toEqual([moved]);
    expect((await registry.listTenants({ status: "provisioning" }, page)).items).toEqual([]);
  });

  test("records what each plane made with the end of its step, all at once and again", async () => {
    const tenant = tenantOf("acme");
    const tenantId = tenant.id;
    const { operation } = await register(tenant);
    const storage = { bucket: "b", prefix: "tenants/tenant-acme/", objects: ["x"] };
    const namespace = { cluster: "c", name: "tenant-acme", objects: [] };
    const end = (step: "ProvisionStorage" | "ProvisionNamespace", record: PlaneRecord) =>
      operations.endStep(operation.id, step, later, { error: null, record: { ...record, tenantId } });
    await end("ProvisionStorage", { plane: "storage", made: storage });
    expect((await registry.getTenant(tenantId))?.resources).toEqual({});
    await operations.startStep(operation.id, "ProvisionStorage", later);
    await operations.startStep(operation.id, "ProvisionNamespace", later);
    await Promise.all([
      end("ProvisionStorage", { plane: "storage", made: storage }),
      end("ProvisionNamespace", { plane: "namespace", made: namespace }),
      end("ProvisionStorage", { plane: "storage", made: storage }),
    ]);
    expect((await registry.getTenant(tenantId))?.resources).toEqual({ storage, namespace });
    await operations.startStep(operation.id, "ProvisionNamespace", later);
    const record = { plane: "storage", made: storage, tenantId: newId("tenant") } as const;
    await expect(
      operations.endStep(operation.id, "ProvisionNamespace", later, { error: null, record }),
    ).rejects.toMatchObject({ code: "tenant-not-found" });
    expect((await operations.get(operation.id))?.steps.find(({ status }) => status === "running")?.name).toBe(
      "ProvisionNamespace",
    );
    expect((await registry.listTenants({}, { limit: 5, after: null })).items).toHaveLength(1);
  });

  test("forgets what a plane made with the end of its release", async () => {
    const storage = { bucket: "b", prefix: "tenants/tenant-acme/", objects: ["x"] };
    const tenant = { ...tenantOf("acme"), resources: { storage } };
    const { operation } = await register(tenant);
    await operations.move(operation, { to: "compensating", at, compensation: pendingCompensation() });
    for (let turn = 0; turn < 2; turn += 1) {
      await operations.startStep(operation.id, "ReleaseStorage", at);
      const record = { plane: "storage", made: null, tenantId: tenant.id } as const;
      await operations.endStep(operation.id, "ReleaseStorage", later, { error: null, record });
      expect((await registry.getTenant(tenant.id))?.resources).toEqual({});
    }
  });

  describe("quotas", () => {
    const claim = (most: number): Claim => [
      { counter: "db_clusters", amount: 1, most },
      { counter: "secrets", amount: 2, most: 500_000 },
    ];
    const claiming = (tenant: Tenant, most: number) => {
      const operation = newOnboarding(newId("operation"), tenant.id, at);
      return registry.register(tenant, operation, commitFor(tenant.id), claim(most)).then((outcome) => ({
        tenant,
        operation,
        outcome,
      }));
    };

    test("let exactly as many of twenty registrations at once in as there is room for", async () => {
      const made = await Promise.all(Array.from({ length: 20 }, (_, n) => claiming(tenantOf(`tenant-${n}`), 7)));
      const outcomes = made.map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === "registered")).toHaveLength(7);
      expect(outcomes.filter((outcome) => outcome === "quota-used-up")).toHaveLength(13);
      expect(await registry.quotaUse()).toMatchObject({ db_clusters: 7, secrets: 14 });
      expect((await registry.listTenants({}, { limit: 50, after: null })).items).toHaveLength(7);
    });

    test("have no room at all when the limit is nothing", async () => {
      expect((await claiming(tenantOf("acme"), 0)).outcome).toBe("quota-used-up");
    });

    test("get back what a withdrawn registration took", async () => {
      const { tenant, operation } = await claiming(tenantOf("acme"), 1);
      expect(await registry.withdraw(tenant, operation.id, commitFor(tenant.id), claim(1))).toBe("withdrawn");
      // A repeated one changes nothing.
      await registry.withdraw(tenant, operation.id, commitFor(tenant.id), claim(1));
      expect(await registry.quotaUse()).toMatchObject({ db_clusters: 0, secrets: 0 });
      expect((await claiming(tenantOf("other"), 1)).outcome).toBe("registered");
    });

    test("move with an operation, once, and stop a move that they have no room for", async () => {
      const { operation } = await claiming(tenantOf("acme"), 1);
      const back = { to: "failed", at: later, endedAt: later, quota: { giveBack: claim(1) } } as const;
      const [once, twice] = [await operations.move(operation, back), await operations.move(operation, back)];
      expect([once?.status, twice]).toEqual(["failed", null]);
      expect(await registry.quotaUse()).toMatchObject({ db_clusters: 0 });
      await claiming(tenantOf("other"), 1);
      const again = { to: "pending", at: later, quota: { take: claim(1) } } as const;
      await expect(operations.move(once!, again)).rejects.toMatchObject({ code: "quota-used-up" });
      expect((await operations.get(operation.id))?.status).toBe("failed");
      expect((await operations.move(once!, { ...again, quota: { take: claim(2) } }))?.status).toBe("pending");
      expect(await registry.quotaUse()).toMatchObject({ db_clusters: 2 });
    });
  });

  test("keeps the first of two memberships of a user in a tenant", async () => {
    const first = { user_id: "u", tenant_id: newId("tenant"), roles: ["tenant-owner"], created_at: at };
    const second = { ...first, tenant_id: newId("tenant") };
    await registry.addMembership(first);
    await registry.addMembership({ ...first, roles: [], created_at: later });
    await registry.addMembership(second);
    expect(await registry.membershipsOf("u")).toEqual([first, second]);
    expect(await registry.membershipsOf("nobody")).toEqual([]);
  });

  describe("an operation", () => {
    let id: string;
    beforeEach(async () => {
      id = (await register(tenantOf("acme"))).operation.id;
    });
    const step = async (name: string) => (await operations.get(id))?.steps.find((one) => one.name === name);

    test("runs with its first step, and is listed so", async () => {
      await operations.startStep(id, "ValidateTenant", later);
      expect(await operations.get(id)).toMatchObject({ status: "running", updated_at: later });
      const running = await operations.list({ status: "running" }, { limit: 5, after: null });
      expect(running.items.map((one) => one.id)).toEqual([id]);
      await operations.startStep(id, "ProvisionStorage", later);
      expect(await operations.get(id)).toMatchObject({ status: "running" });
    });

    test("counts attempts and keeps the first start, the last end and its error", async () => {
      const error = { code: "Boom", message: "It broke." };
      await operations.startStep(id, "ProvisionDatabase", at);
      await operations.endStep(id, "ProvisionDatabase", at, { error });
      expect(await step("ProvisionDatabase")).toMatchObject({ status: "failed", attempts: 1, error, ended_at: at });
      await operations.startStep(id, "ProvisionDatabase", later);
      expect(await step("ProvisionDatabase")).toMatchObject({
        status: "running",
        attempts: 2,
        error: null,
        ended_at: null,
      });
      await operations.endStep(id, "ProvisionDatabase", later, { error: null });
      await operations.endStep(id, "ProvisionDatabase", later, { error });
      expect(await step("ProvisionDatabase")).toEqual({
        name: "ProvisionDatabase",
        status: "succeeded",
        attempts: 2,
        started_at: at,
        ended_at: later,
        error: null,
      });
    });

    test("loses nothing of steps that run at once", async () => {
      const names = ["ProvisionDatabase", "ProvisionStorage", "ProvisionIdentity"] as const;
      await Promise.all(
        names.map(async (name) => {
          for (let n = 0; n < 5; n++) await operations.startStep(id, name, at);
          await operations.endStep(id, name, later, { error: null });
        }),
      );
      for (const name of names) expect(await step(name)).toMatchObject({ status: "succeeded", attempts: 5 });
    });

    const stored = async () => (await operations.get(id))!;
    const flight = (name: string, deadline = "2026-11-20T13:47:00.000Z") => ({ id: name, execution: id, deadline });

    test("moves once from what was read, and lets no straggler begin", async () => {
      const error = { code: "Boom", message: "It broke.", step: "ProvisionStorage" } as const;
      const seen = await stored();
      const turn = () =>
        operations.move(seen, { to: "compensating", at: later, error, compensation: pendingCompensation() });
      const outcomes = await Promise.all([turn(), turn()]);
      expect(outcomes.filter((outcome) => outcome !== null)).toHaveLength(1);
      const turned = await stored();
      expect(turned).toMatchObject({ status: "compensating", error, updated_at: later, ended_at: null });
      expect(turned.compensation.map(({ name, status }) => [name, status])).toEqual(
        compensationSteps.map((name) => [name, "pending"]),
      );
      await expect(operations.startStep(id, "ProvisionDatabase", later)).rejects.toMatchObject({
        code: "state-conflict",
      });
      expect(await operations.move(turned, { to: "failed", at: later, endedAt: later })).toMatchObject({
        status: "failed",
        ended_at: later,
        error,
      });
    });

    test("begins anew with nothing of the attempt before", async () => {
      await operations.startStep(id, "ProvisionDatabase", at);
      const seen = await stored();
      const failed = (await operations.move(seen, { to: "failed", at, endedAt: at, cancelledAt: at }))!;
      const change = { to: "pending", at: later, attempt: 2, execution: `${id}-2`, error: null } as const;
      const again = await operations.move(failed, {
        ...change,
        endedAt: null,
        cancelledAt: null,
        steps: pendingSteps(),
        compensation: [],
      });
      expect(again).toEqual({
        ...newOnboarding(id, seen.tenant_id, at),
        attempt: 2,
        execution: `${id}-2`,
        updated_at: later,
      });
      // The first execution is not the one that works on it now.
      await expect(operations.startStep(id, "ProvisionDatabase", later, flight("a"))).rejects.toMatchObject({
        code: "state-conflict",
      });
    });

    test("moves with its tenant and what is committed, or not at all", async () => {
      const seen = await stored();
      const was = (await registry.getTenant(seen.tenant_id))!;
      const change = { to: "compensating", at: later, tenant: { was, to: "failed" } } as const;
      expect(await operations.move({ ...seen, status: "running" }, change)).toBeNull();
      expect(
        await operations.move(seen, { ...change, tenant: { was: { ...was, status: "active" }, to: "failed" } }),
      ).toBeNull();
      expect(await stored()).toEqual(seen);
      expect(await operations.move(seen, { ...change, commit: commitFor(was.id) })).not.toBeNull();
      expect(await registry.getTenant(was.id)).toEqual({ ...was, status: "failed", updated_at: later });
      expect((await registry.listTenants({ status: "failed" }, { limit: 5, after: null })).items).toHaveLength(1);
    });

    test("takes a step back only while it is compensating", async () => {
      await expect(operations.startStep(id, "ReleaseStorage", at)).rejects.toMatchObject({ code: "state-conflict" });
      await operations.move(await stored(), { to: "compensating", at, compensation: pendingCompensation() });
      await operations.startStep(id, "ReleaseStorage", at, flight("a"));
      await operations.endStep(id, "ReleaseStorage", later, { error: null, flightId: "a" });
      expect((await stored()).compensation.find(({ name }) => name === "ReleaseStorage")).toEqual({
        name: "ReleaseStorage",
        status: "succeeded",
        attempts: 1,
        started_at: at,
        ended_at: later,
        error: null,
      });
    });

    test("knows which attempts are in flight, until they land or their deadline is over", async () => {
      await operations.startStep(id, "ProvisionStorage", at, flight("a"));
      await operations.startStep(id, "ProvisionStorage", at, flight("b", "2026-11-20T13:48:00.000Z"));
      await operations.startStep(id, "ProvisionIdentity", at, flight("c"));
      await operations.endStep(id, "ProvisionIdentity", later, { error: null, flightId: "c" });
      await operations.endStep(id, "ProvisionStorage", later, { error: null, flightId: "a" });
      expect(await operations.inFlight(id, later)).toEqual(["ProvisionStorage"]);
      expect(await operations.inFlight(id, "2026-11-20T13:49:00.000Z")).toEqual([]);
      await operations.endStep(id, "ProvisionStorage", later, { error: null, flightId: "b" });
      expect(await operations.inFlight(id, later)).toEqual([]);
      await operations.startStep(id, "ProvisionStorage", at, flight("d"));
      await operations.land(id, "ProvisionStorage", "d");
      expect(await operations.inFlight(id, later)).toEqual([]);
      expect(await step("ProvisionStorage")).toMatchObject({ status: "running" });
    });

    test("that does not exist is a problem", async () => {
      const none = newId("operation");
      const missing = { code: "operation-not-found" };
      await expect(operations.startStep(none, "NotifyOwner", at)).rejects.toMatchObject(missing);
      await expect(operations.endStep(none, "NotifyOwner", at, { error: null })).rejects.toMatchObject(missing);
    });

    test("is listed, of all tenants or of one", async () => {
      const other = tenantOf("other");
      const { operation } = await register(other);
      const page = { limit: 5, after: null };
      expect((await operations.list({}, page)).items.map((one) => one.id)).toEqual([operation.id, id]);
      expect((await operations.list({ tenantId: other.id }, page)).items).toEqual([operation]);
      await operations.startStep(id, "ValidateTenant", later);
      expect((await operations.list({ status: "running" }, page)).items.map((one) => one.id)).toEqual([id]);
      expect((await operations.list({ status: "pending" }, page)).items).toEqual([operation]);
      expect((await operations.list({ status: "pending", tenantId: other.id }, page)).items).toEqual([operation]);
      expect((await operations.list({ status: "failed", tenantId: other.id }, page)).items).toEqual([]);
    });
  });
});

test("audit entry and event are written with the change, or not at all", async () => {
  await createControlTable(engine.documents, "commits");
  const registry = dynamoRegistry(engine.documents, "commits");
  const tenant = tenantOf("acme");
  const operation = newOnboarding(newId("operation"), tenant.id, at);
  await registry.register(tenant, operation, commitFor(tenant.id));
  await registry.register(tenantOf("acme"), operation, commitFor("loser"));
  const { Items = [] } = await engine.documents.send(new ScanCommand({ TableName: "commits" }));
  const byEntity = Object.groupBy(Items, (item) => String(item["entity"]));
  expect(Object.keys(byEntity).toSorted()).toEqual(["audit", "event", "operation", "slug", "tenant"]);
  expect(byEntity["audit"]).toEqual([expect.objectContaining({ tenant_id: tenant.id, after: { a: 1 } })]);
  expect(byEntity["event"]).toEqual([
    expect.objectContaining({ subject: tenant.id, expires_at: Date.parse("2026-11-27T13:45:12.000Z") / 1000 }),
  ]);
});
