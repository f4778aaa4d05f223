import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import type { Context } from "@tenantry/core/context";
import { getQuarantined } from "@tenantry/core/usage/get-quarantined";
import { listQuarantine } from "@tenantry/core/usage/list-quarantine";
import type { IncomingRecord } from "@tenantry/core/usage/ports";
import { redriveQuarantined, type RedrivePorts } from "@tenantry/core/usage/redrive-quarantined";
import { afterAll, beforeAll, expect, test } from "vitest";
import { newId } from "./new-id.ts";
import { recordOf } from "./testing/usage-engine.ts";
import { startUsageCloud, type UsageCloud } from "./testing/usage-cloud.ts";
import { dynamoUsageTotals } from "./usage-totals.ts";

// What is set aside is listed, looked at, and counted exactly once when it is redriven; on the cloud's own engines.

const now = Date.UTC(2026, 10, 20, 14, 30);
const dayMs = 86_400_000;
let cloud: UsageCloud;
beforeAll(async () => {
  cloud = await startUsageCloud(() => new Date(now));
});
afterAll(() => cloud.stop());

const ctx: Context = {
  actor: { id: "ada", orgId: "org_platform", permissions: new Set(["quarantine:read", "quarantine:redrive"]) },
  requestId: "request",
};

let sequence = 0;
const record = (content: object | string, arrivedAt = now): IncomingRecord =>
  recordOf(content, { sequence: ++sequence, arrivedAt });

const eventOf = (tenant_id: string, change: object = {}) => ({
  tenant_id,
  metric: "api_calls",
  value: 1,
  timestamp: new Date(now - 1000).toISOString(),
  ...change,
});

const usageOf = async (tenant: string) => {
  const hour = Math.floor(now / 3_600_000);
  const hours = await dynamoUsageTotals("usage", cloud.documents).hours(tenant, hour - 960, hour + 2);
  return hours.reduce((count, { totals }) => count + (totals["api_calls"]?.count ?? 0), 0);
};

const redrive = (change: Partial<RedrivePorts> = {}) =>
  redriveQuarantined({
    quarantine: cloud.list,
    unpack: ({ position, partition_key, arrived_at, data }) => ({
      position,
      partitionKey: partition_key,
      arrivedAt: arrived_at,
      data,
      text: Buffer.from(data, "base64").toString(),
    }),
    meter: cloud.again(),
    clock: () => new Date(now),
    newId,
    ...change,
  });

const list = listQuarantine({ quarantine: { list: (...input) => cloud.list.list(...input) } });
const entriesOf = async (tenantId: string) => (await list(ctx, { tenantId }, { limit: 100, after: null })).items;

test("a redriven record counts once: its lines counted before, a second redrive and a replay add nothing", async () => {
  const tenant = newId("tenant");
  const later = newId("tenant");
  cloud.standings.set(later, "unknown");
  // Three of the five lines are of a tenant whose registration comes late; one has an id, and one none.
  const lines = [eventOf(tenant), eventOf(later), eventOf(tenant), eventOf(later, { id: "a" }), eventOf(later)];
  const packed = record(lines.map((line) => JSON.stringify(line)).join("\n"));
  expect(await cloud.meter()([packed])).toMatchObject({ counted: 2, rejected: 3, quarantined: 1 });
  // The batch comes again, cut otherwise: no second entry.
  expect(await cloud.meter()([packed, record(eventOf(tenant))])).toMatchObject({ counted: 1, quarantined: 0 });

  const [entry, ...more] = await entriesOf(later);
  expect(more).toEqual([]);
  expect(entry).toMatchObject({
    state: "waiting",
    reasons: ["unknown-tenant"],
    events: 3,
    lines: "2,4-5",
    redrives: [],
  });
  const id = entry?.id ?? "";
  const { record: kept } = await getQuarantined({ quarantine: cloud.list })(ctx, id);
  expect(Buffer.from(kept.data, "base64").toString()).toBe(packed.text);

  expect(await redrive()(ctx, id)).toMatchObject({
    state: "waiting",
    redrives: [{ counted: 0, duplicates: 2, rejected: 3 }],
  });
  expect(await usageOf(later)).toBe(0);

  cloud.standings.delete(later);
  // It counts, and dies before it can say so.
  const died = { ...cloud.list, update: () => Promise.reject(new Error("killed")) };
  await expect(redrive({ quarantine: died })(ctx, id)).rejects.toThrow("killed");
  expect(await usageOf(later)).toBe(3);
  expect(await redrive()(ctx, id)).toMatchObject({
    state: "redriven",
    events: 3,
    redrives: [{ rejected: 3 }, { at: new Date(now).toISOString(), by: "ada", counted: 0, duplicates: 5, rejected: 0 }],
  });
  // The stream delivers the record once more, and the producer sends the one with an id again.
  await cloud.meter()([packed, record(eventOf(later, { id: "a" }))]);
  expect(await usageOf(later)).toBe(3);
  expect(await usageOf(tenant)).toBe(3);
  await expect(redrive()(ctx, id)).rejects.toMatchObject({ code: "state-conflict" });

  const trail = await cloud.documents.send(
    new QueryCommand({
      TableName: "control",
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": `AUDIT#${later}` },
    }),
  );
  expect(trail.Items).toMatchObject([
    { action: "quarantine.redrive", actor: "ada", after: { state: "waiting" } },
    { action: "quarantine.redrive", actor: "ada", after: { state: "redriven" } },
  ]);
});

test("of two redrives at once one tells that it counted, and both leave the events counted once", async () => {
  const tenant = newId("tenant");
  cloud.standings.set(tenant, "unknown");
  await cloud.meter()([record(eventOf(tenant))]);
  cloud.standings.delete(tenant);
  const [entry] = await entriesOf(tenant);
  const outcomes = await Promise.allSettled([redrive()(ctx, entry?.id ?? ""), redrive()(ctx, entry?.id ?? "")]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(await usageOf(tenant)).toBe(1);
});

test("what cannot be written whole stays where it is, and says so", async () => {
  const tenant = newId("tenant");
  cloud.standings.set(tenant, "unknown");
  await cloud.meter()([record(eventOf(tenant))]);
  cloud.standings.delete(tenant);
  const [entry] = await entriesOf(tenant);
  const down = async () => ({
    outcome: { counted: 0, duplicates: 0, rejected: 0, quarantined: 0, failedFrom: 0, errors: [new Error("down")] },
    rejected: [],
  });
  await expect(redrive({ meter: down })(ctx, entry?.id ?? "")).rejects.toMatchObject({ code: "unavailable" });
  expect(await entriesOf(tenant)).toEqual([entry]);
});

test("the list is whole under every filter, page by page, the newest arrival first", async () => {
  const tenant = newId("tenant");
  const other = newId("tenant");
  const day = Date.UTC(2026, 9, 1);
  const arrivals = Array.from({ length: 60 }, (_, n) => day + n * (dayMs / 20));
  const records = arrivals.map((at, n) =>
    record(n % 3 === 0 ? "poison" : eventOf(n % 3 === 1 ? tenant : other, { metric: "coffee" }), at),
  );
  await cloud.quarantine.put(
    records.map((each, n) => ({
      record: each,
      faults: [{ line: 1, reason: n % 3 === 0 ? "not-json" : "unknown-metric", detail: "." }],
    })),
  );
  const all = async (filter: Parameters<typeof list>[1], limit: number) => {
    const found: string[] = [];
    let after: string | null = null;
    for (let pages = 0; pages < 200; pages++) {
      const page = await list(ctx, filter, { limit, after });
      expect(page.items.length).toBeLessThanOrEqual(limit);
      found.push(...page.items.map(({ position }) => position));
      if (page.next === null) return found;
      after = page.next;
    }
    throw new Error("The list does not end.");
  };
  const wanted = (keep: (n: number) => boolean) =>
    records
      .filter((_, n) => keep(n))
      .map(({ position }) => position)
      .toReversed();
  expect(await all({ tenantId: tenant }, 7)).toEqual(wanted((n) => n % 3 === 1));
  expect(await all({ day: "2026-10-02" }, 3)).toEqual(wanted((n) => n >= 20 && n < 40));
  expect(await all({ day: "2026-10-03", reason: "not-json" }, 2)).toEqual(wanted((n) => n >= 40 && n % 3 === 0));
  expect(await all({ tenantId: other, state: "waiting" }, 100)).toEqual(wanted((n) => n % 3 === 2));
  expect(await all({ tenantId: other, state: "redriven" }, 5)).toEqual([]);
});

test("nobody looks or redrives without the permission, and what is not there is not found", async () => {
  const nobody: Context = { ...ctx, actor: { ...ctx.actor, permissions: new Set(["quarantine:read"]) } };
  const id = newId("quarantine");
  await expect(redrive()(nobody, id)).rejects.toMatchObject({ code: "forbidden" });
  await expect(redrive()(ctx, id)).rejects.toMatchObject({ code: "quarantine-entry-not-found" });
  await expect(getQuarantined({ quarantine: cloud.list })(ctx, "everything")).rejects.toMatchObject({
    code: "quarantine-entry-not-found",
  });
});
