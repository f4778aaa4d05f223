import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Context } from "@tenantry/core/context";
import { meterUsage } from "@tenantry/core/usage/meter-usage";
import type { Aggregation, MeterDefinition } from "@tenantry/core/usage/meters";
import { periodOf } from "@tenantry/core/usage/period";
import type { RejectedRecord } from "@tenantry/core/usage/ports";
import { putMeter } from "@tenantry/core/usage/put-meter";
import { readUsage } from "@tenantry/core/usage/read";
import { rollUp } from "@tenantry/core/usage/roll-up";
import { rollUpLate } from "@tenantry/core/usage/roll-up-late";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "./new-id.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";
import { createUsageTable } from "./testing/usage-cloud.ts";
import { recordOf } from "./testing/usage-engine.ts";
import { usageCounting } from "./usage-counting.ts";
import { latePeriodOf } from "./usage-late.ts";
import { dynamoMeters } from "./usage-meters.ts";
import { dynamoUsageRollUps } from "./usage-roll-ups.ts";
import { dynamoUsageTotals } from "./usage-totals.ts";

// Meters, series and roll-ups on DynamoDB's engine.

let engine: Engine;
let dynamo: DynamoDBClient;
const hourMs = 3_600_000;
const now = Date.UTC(2026, 10, 20, 14, 30);
const clock = () => new Date(now);
const staff: Context = {
  actor: { id: "usr", orgId: "org_platform", permissions: new Set(["meters:write", "meters:read"] as const) },
  requestId: "r",
};

beforeAll(async () => {
  engine = await startDynamo();
  dynamo = engine.documents;
  await createControlTable(engine.documents, "control");
  await createUsageTable(dynamo, "usage");
});
afterAll(() => engine.stop());

const store = () => dynamoMeters("usage", { dynamo, control: "control" });
const put = (name: string, change: Partial<MeterDefinition> & { aggregation: Aggregation }) =>
  putMeter({ meters: store(), clock, newId })(staff, {
    name,
    unit: "unit",
    decimals: 6,
    dimensions: [{ name: "plan" }],
    cardinality_limit: 3,
    ...change,
  });

/** A consumer as cold as a new Lambda. */
const consumer = () => {
  const rejected: RejectedRecord[] = [];
  const meter = meterUsage({
    ...usageCounting("usage", clock, { dynamo }),
    standing: () => "known",
    archive: { put: async () => undefined },
    quarantine: { put: async (records) => rejected.push(...records) },
    clock,
  });
  let sequence = 0;
  const send = (events: readonly object[]) =>
    meter(events.map((event) => recordOf(event, { sequence: sequence++, arrivedAt: now })));
  return { send, rejected };
};

const ports = () => ({ usage: dynamoUsageTotals("usage", dynamo), meters: store(), clock });
const read = async (
  tenantId: string,
  metric: string,
  groupBy: readonly string[] = [],
  window: "day" | "hour" = "day",
) => {
  const to = Math.floor(now / hourMs) + 1;
  const { groups } = await readUsage(ports())({ tenantId, metric, range: { from: to - 24 * 8, to }, window, groupBy });
  return groups.map(({ dimensions, buckets }) => ({
    dimensions,
    used: buckets
      .filter(({ count }) => count > 0)
      .map(({ start, value, count }) => `${start.slice(0, 13)} ${value} ${count}`),
  }));
};
const event = (tenant: string, metric: string, change: object = {}) => ({
  tenant_id: tenant,
  metric,
  value: 1,
  timestamp: new Date(now - 1000).toISOString(),
  ...change,
});

describe("definitions", () => {
  test("what does not change of a meter is a conflict, its limit and further dimensions are none", async () => {
    await put("fixed", { aggregation: "max" });
    await expect(put("fixed", { aggregation: "min" })).rejects.toMatchObject({
      code: "meter-conflict",
      errors: [{ pointer: "/aggregation" }],
    });
    await expect(put("fixed", { aggregation: "max", unit: "x", decimals: 2, dimensions: [] })).rejects.toMatchObject({
      errors: [{ pointer: "/unit" }, { pointer: "/decimals" }, { pointer: "/dimensions" }],
    });
    const more = {
      aggregation: "max" as const,
      dimensions: [{ name: "plan" }, { name: "region" }],
      cardinality_limit: 9,
    };
    expect(await put("fixed", more)).toMatchObject({ cardinality_limit: 9 });
    const names = (await store().list()).map(({ name }) => name);
    expect(names.slice(0, 4)).toEqual(["api_calls", "storage_gb", "compute_hours", "active_users"]);
    expect(names.filter((name) => name === "fixed")).toHaveLength(1);
  });

  test("of two who make meters at a time, neither is lost", async () => {
    await Promise.all(["left", "right"].map((name) => put(name, { aggregation: "sum" })));
    const names = (await store().list()).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["left", "right"]));
  });

  test("a warm consumer counts the first event of a new meter", async () => {
    const tenant = newId("tenant");
    const { send } = consumer();
    await send([event(tenant, "api_calls")]);
    await put("brand_new", { aggregation: "count" });
    expect(await send([event(tenant, "brand_new"), event(tenant, "nothing_such")])).toMatchObject({
      counted: 1,
      rejected: 1,
    });
  });
});

test("a dimension that explodes is set aside beyond its limit, alike at each delivery, and the rest is counted", async () => {
  const tenant = newId("tenant");
  await put("narrow", { aggregation: "sum" });
  const events = Array.from({ length: 10 }, (_, n) => event(tenant, "narrow", { dimensions: { plan: `plan ${n}` } }));
  const plain = [event(tenant, "narrow"), event(tenant, "api_calls")];
  const first = consumer();
  expect(await first.send([...events, ...plain])).toMatchObject({ counted: 5, rejected: 7, failedFrom: null });
  expect(first.rejected.flatMap(({ faults }) => faults.map(({ reason }) => reason))).toEqual(
    Array.from({ length: 7 }, () => "dimension-limit"),
  );
  const again = consumer();
  expect(await again.send([...events, ...plain])).toMatchObject({ counted: 0, duplicates: 5, rejected: 7 });
  expect((await read(tenant, "narrow", ["plan"])).map(({ dimensions }) => dimensions)).toEqual([
    {},
    { plan: "plan 0" },
    { plan: "plan 1" },
    { plan: "plan 2" },
  ]);
  // Once there is room, what was set aside can be counted.
  await put("narrow", { aggregation: "sum", cardinality_limit: 10 });
  expect(await consumer().send([...events, ...plain])).toMatchObject({ counted: 7, duplicates: 5, rejected: 0 });
});

test("users count once in an hour, a day and a range, in chunks that spill over many pages", async () => {
  const tenant = newId("tenant");
  const { send } = consumer();
  const users = (from: number, hours: number) =>
    Array.from({ length: 3000 }, (_, n) =>
      event(tenant, "active_users", {
        user_id: `user-${from + n}`,
        timestamp: new Date(now - hours * hourMs).toISOString(),
      }),
    );
  expect(await send(users(0, 0))).toMatchObject({ counted: 3000 });
  expect(await send(users(1500, 0))).toMatchObject({ counted: 1500, duplicates: 1500 });
  expect(await consumer().send(users(4000, 1))).toMatchObject({ counted: 3000 });
  expect(await read(tenant, "active_users")).toMatchObject([{ used: ["2026-11-20T00 7000 7000"] }]);
  expect(await read(tenant, "active_users", [], "hour")).toMatchObject([
    { used: ["2026-11-20T13 3000 3000", "2026-11-20T14 4500 4500"] },
  ]);
});

describe("roll-ups", () => {
  const roll = () => ({ ...ports(), rollUps: dynamoUsageRollUps("usage", dynamo) });
  const lateEvent = (tenant: string, days: number, change: object = {}) =>
    event(tenant, "api_calls", { timestamp: new Date(now - days * 24 * hourMs).toISOString(), ...change });
  const day = (days: number) => periodOf("day", Math.floor(now / hourMs) - days * 24);

  test("hold what came before them, and are passed over from the write on that comes after", async () => {
    const tenant = newId("tenant");
    await consumer().send([lateEvent(tenant, 3), lateEvent(tenant, 3)]);
    await rollUp(roll())(tenant, day(3));
    expect(await read(tenant, "api_calls")).toMatchObject([{ used: ["2026-11-17T00 2 2"] }]);
    // The roll-up is what is read: with another in its place the answer is another.
    const { usage, rollUps } = roll();
    const [marks] = await usage.marks(tenant, "day", day(3).from, day(3).to);
    await rollUps.save(
      tenant,
      day(3),
      marks?.marks ?? 0,
      new Map([["api_calls", { api_calls: { kind: "sum", sum: 7n, count: 7 } }]]),
    );
    expect(await read(tenant, "api_calls")).toMatchObject([{ used: ["2026-11-17T00 0.000007 7"] }]);

    await consumer().send([lateEvent(tenant, 3, { id: "late", value: 0.5 })]);
    expect(await read(tenant, "api_calls")).toMatchObject([{ used: ["2026-11-17T00 2.5 3"] }]);
    // An older result, made of what was there before, does not stand in for a newer.
    await rollUp(roll())(tenant, day(3));
    expect(await rollUps.save(tenant, day(3), marks?.marks ?? 0, new Map())).toBe(false);
    expect(await read(tenant, "api_calls")).toMatchObject([{ used: ["2026-11-17T00 2.5 3"] }]);
  });

  test("many late hours of a day at a time are all marked, and the stream's handler rolls each day up once", async () => {
    const tenant = newId("tenant");
    const events = Array.from({ length: 40 }, (_, n) =>
      lateEvent(tenant, 2, { timestamp: new Date(Date.UTC(2026, 10, 18, n % 24)).toISOString() }),
    );
    expect(await consumer().send(events)).toMatchObject({ counted: 40, failedFrom: null });
    const { usage } = roll();
    const period = day(2);
    expect(await usage.marks(tenant, "day", period.from, period.to)).toMatchObject([{ marks: 24 }]);
    const late = latePeriodOf({ pk: `PERIODS#${tenant}`, sk: "DAY#2026-11-18" });
    expect(late).toEqual({ tenantId: tenant, period });
    expect(latePeriodOf({ pk: `TENANT#${tenant}`, sk: "HOUR#2026-11-18T00" })).toBeUndefined();
    expect(await rollUpLate(roll())(late === undefined ? [] : [late, late])).toEqual({ failed: [], errors: [] });
    expect(await usage.marks(tenant, "day", period.from, period.to)).toMatchObject([{ marks: 24, rolled: 24 }]);
    expect(await read(tenant, "api_calls")).toMatchObject([{ used: ["2026-11-18T00 40 40"] }]);
  });
});
