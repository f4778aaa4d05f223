import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import { newOnboarding, pendingCompensation } from "@tenantry/core/operation/begin";
import type { Operations, PlaneRecord, Registry } from "@tenantry/core/ports";
import type { Claim } from "@tenantry/core/tenant/quota";
import type { Tenant } from "@tenantry/core/tenant/tenant";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newId } from "./new-id.ts";
import { dynamoRegistry } from "./registry.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";
import { at, commitFor, later, registries, tenantOf } from "./testing/registries.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await startDynamo();
});
afterAll(() => engine.stop());

describe.each(registries)("the registry on %s", (_name, open) => {
  let registry: Registry;
  let operations: Operations;
  beforeEach(async () => {
    ({ registry, operations } = await open(engine));
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
    await operations.startStep(operation.id, "ProvisionDatabase", later);
    const record = { plane: "storage", made: storage, tenantId: newId("tenant") } as const;
    await expect(
      operations.endStep(operation.id, "ProvisionDatabase", later, { error: null, record }),
    ).rejects.toMatchObject({ code: "tenant-not-found" });
    expect((await operations.get(operation.id))?.steps.find(({ status }) => status === "running")?.name).toBe(
      "ProvisionDatabase",
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
