import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import { permissions, platformOrg } from "@tenantry/core/access/policy";
import type { Context } from "@tenantry/core/context";
import { getEntitlements, putEntitlements } from "@tenantry/core/entitlement/entitlements";
import type { EntitlementPorts } from "@tenantry/core/entitlement/ports";
import { watchQuotas } from "@tenantry/core/entitlement/watch";
import { newOnboarding } from "@tenantry/core/operation/begin";
import { shippedMeters } from "@tenantry/core/usage/meters";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { newId } from "./new-id.ts";
import { dynamoRegistry } from "./registry.ts";
import { dynamoStandings } from "./standings.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";

// Quotas are watched by many at once over a real table; usage and the clock are the test's.

let dynamo: Engine;
let tables = 0;
let table: string;
let now: Date;
let used: string;
let tenant: string;
let ports: EntitlementPorts;

const admin: Context = {
  actor: { id: "admin", orgId: platformOrg, permissions: new Set(permissions) },
  requestId: "request",
};

beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(async () => dynamo.stop());

beforeEach(async () => {
  table = `control-${++tables}`;
  await createControlTable(dynamo.documents, table);
  now = new Date("2026-11-20T12:00:00Z");
  used = "0";
  tenant = newId("tenant");
  const registry = dynamoRegistry(dynamo.documents, table);
  ports = {
    registry,
    standings: dynamoStandings(dynamo.documents, table),
    meterNames: async () => shippedMeters.map(({ name }) => name),
    readUsage: async ({ metric }) => ({
      meter: shippedMeters.find(({ name }) => name === metric)!,
      groups: [
        {
          dimensions: {},
          buckets: [{ start: "", end: "", value: metric === "api_calls" ? used : "0", count: 1, final: false }],
        },
      ],
      asOf: now,
    }),
    clock: () => now,
    newId,
  };
  const at = now.toISOString();
  await registry.register(
    {
      id: tenant,
      slug: "acme",
      name: "Acme",
      tier: "trial",
      status: "active",
      config: { region: "us-east-1", features: [] },
      owner: { email: "owner@acme.example" },
      resources: {},
      created_at: at,
      updated_at: at,
    },
    newOnboarding(newId("operation"), tenant, at),
    {
      audit: {
        id: newId("audit"),
        at,
        actor: "test",
        action: "tenant.register",
        tenant_id: tenant,
        request_id: "r",
        source_ip: null,
        before: null,
        after: null,
      },
      events: [],
    },
  );
});

const events = async () => {
  const { Items = [] } = await dynamo.documents.send(new ScanCommand({ TableName: table, ConsistentRead: true }));
  return Items.filter(({ entity }) => entity === "event").map(({ type, data }) => [
    type as string,
    (data as { quota: string }).quota,
    (data as { threshold: number }).threshold,
  ]);
};

const put = (quotas: Parameters<ReturnType<typeof putEntitlements>>[1]["quotas"]) =>
  putEntitlements(ports)(admin, { tenantId: tenant, quotas });

test("many watchers tell of each threshold once", async () => {
  const watchAll = () => Promise.all(Array.from({ length: 6 }, () => watchQuotas(ports)(tenant)));
  used = "79999";
  await watchAll();
  expect(await events()).toEqual([]);
  used = "80000";
  await watchAll();
  expect(await events()).toEqual([["usage.threshold-reached.v1", "hard", 80]]);
  used = "100000";
  await watchAll();
  await watchAll();
  expect(new Set((await events()).map(([, , threshold]) => threshold))).toEqual(new Set([80, 100]));
  expect(await events()).toHaveLength(2);
  expect(await ports.standings.peek(tenant)).toMatchObject({ exceeded: [{ meter: "api_calls", limit: "100000" }] });
});

test("an override counts at once and back, and a stale look never undoes it", async () => {
  used = "150000";
  await watchQuotas(ports)(tenant);
  const shown = await put({ api_calls: { soft: null, hard: "200000" } });
  expect(shown.entitlements.find(({ meter }) => meter === "api_calls")).toMatchObject({
    source: "override",
    hard: "200000",
    used: "150000",
    status: "within",
  });
  expect(await ports.standings.get(tenant)).toMatchObject({ exceeded: [] });
  // A watcher that looked before the override must not write what it saw.
  let seen = false;
  const slow: EntitlementPorts = {
    ...ports,
    readUsage: async (query) => {
      if (!seen) {
        seen = true;
        await put({ api_calls: { soft: null, hard: "300000" } });
      }
      return ports.readUsage(query);
    },
  };
  used = "250000";
  await watchQuotas(slow)(tenant);
  expect(await ports.standings.get(tenant)).toMatchObject({
    overrides: { api_calls: { soft: null, hard: "300000" } },
    exceeded: [],
  });
  await put({});
  expect(await ports.standings.get(tenant)).toMatchObject({ exceeded: [{ limit: "100000" }] });
  await put({ api_calls: { soft: null, hard: null } });
  const none = await getEntitlements(ports)(admin, { tenantId: tenant });
  expect(none.entitlements.map(({ meter, status }) => [meter, status])).toEqual([
    ["api_calls", "within"],
    ["compute_hours", "within"],
  ]);
});

test("an unknown meter is refused by its name", async () => {
  await expect(put({ coffee: { soft: "1", hard: null } })).rejects.toMatchObject({
    code: "invalid-request",
    errors: [{ pointer: "/quotas/coffee" }],
  });
});
