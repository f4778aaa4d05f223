import { GetItemCommand, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { formatMicros } from "@tenantry/core/usage/decimal";
import { meterUsage } from "@tenantry/core/usage/meter-usage";
import type { IncomingRecord, RejectedRecord, UsageChunks } from "@tenantry/core/usage/ports";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { newId } from "./new-id.ts";
import { recordOf, startUsageEngine, type UsageEngine } from "./testing/usage-engine.ts";
import { usageCounting } from "./usage-counting.ts";
import { dynamoUsageTotals } from "./usage-totals.ts";

let engine: UsageEngine;
let table: string;
beforeAll(async () => {
  engine = await startUsageEngine();
});
afterAll(() => engine.stop());
beforeEach(async () => {
  table = await engine.table();
});

const now = Date.UTC(2026, 10, 20, 14, 30);
const hourMs = 3_600_000;
const tenants = Array.from({ length: 5 }, () => newId("tenant"));
const tenant = tenants[0] ?? "";

const clock = () => new Date(now);

/** A consumer as cold as a new Lambda, on the one table. */
const consumer = (wrap: (chunks: UsageChunks) => UsageChunks = (chunks) => chunks) => {
  const rejected: RejectedRecord[] = [];
  const archived: IncomingRecord[] = [];
  const meter = meterUsage({
    ...usageCounting(table, clock, { dynamo: engine.dynamo, wrap }),
    standing: () => "known",
    archive: { put: async (records) => void archived.push(...records) },
    quarantine: { put: async (records) => rejected.push(...records) },
    clock,
  });
  return { meter, rejected, archived };
};

const eventOf = (change: object = {}) => ({
  tenant_id: tenant,
  metric: "api_calls",
  value: 1,
  timestamp: new Date(now - 1000).toISOString(),
  ...change,
});

const batchOf = (contents: readonly (object | string)[], first = 0) =>
  contents.map((content, index) => recordOf(content, { sequence: first + index, arrivedAt: now }));

/** What the table says of a tenant's meter over the last 40 days. */
const usageOf = async (tenantId = tenant, metric: "api_calls" | "compute_hours" = "api_calls") => {
  const hour = Math.floor(now / hourMs);
  const hours = await dynamoUsageTotals(table, engine.dynamo).hours(tenantId, hour - 960, hour + 2);
  const found = hours.flatMap(({ totals }) => (totals[metric]?.kind === "sum" ? [totals[metric]] : []));
  return {
    sum: formatMicros(found.reduce((sum, total) => sum + total.sum, 0n)),
    count: found.reduce((count, total) => count + total.count, 0),
  };
};

describe("an event counts once", () => {
  test("without an id: by its place in the stream, however often it comes", async () => {
    const batch = batchOf([eventOf(), eventOf(), eventOf({ value: 0.1 }), eventOf({ value: 0.2 })]);
    expect(await consumer().meter(batch)).toMatchObject({ counted: 4, duplicates: 0, failedFrom: null });
    const { meter } = consumer();
    expect(await meter(batch)).toMatchObject({ counted: 0, duplicates: 4, failedFrom: null });
    expect(await meter(batch.slice(2))).toMatchObject({ counted: 0, duplicates: 2 });
    expect(await usageOf()).toEqual({ sum: "2.3", count: 4 });
  });

  test("with an id: wherever in the stream it comes", async () => {
    const { meter } = consumer();
    const event = eventOf({ id: "0192-a" });
    expect(await meter(batchOf([event, event]))).toMatchObject({ counted: 1, duplicates: 1 });
    expect(await meter(batchOf([event, eventOf({ id: "0192-b" })], 50))).toMatchObject({ counted: 1, duplicates: 1 });
    expect(await usageOf()).toEqual({ sum: "2", count: 2 });
  });

  test("packed with others in a record, line by line", async () => {
    const record = `${JSON.stringify(eventOf())}\n{"tenant_id": 1}\n\n${JSON.stringify(eventOf({ value: 2.5 }))}\n`;
    const { meter, rejected } = consumer();
    expect(await meter(batchOf([record]))).toMatchObject({ counted: 2, rejected: 1 });
    expect(await meter(batchOf([record]))).toMatchObject({ counted: 0, duplicates: 2, rejected: 1 });
    expect(rejected[0]?.faults).toMatchObject([{ line: 2, reason: "invalid-tenant" }]);
    expect(await usageOf()).toEqual({ sum: "3.5", count: 2 });
  });

  test("by eight consumers that get the same batches at the same time", async () => {
    const batches = Array.from({ length: 6 }, (_, n) =>
      batchOf(
        Array.from({ length: 60 }, () => eventOf({ value: 0.25 })),
        n * 60,
      ),
    );
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const { meter } = consumer();
        for (const batch of batches) {
          // As the stream would: again until nothing is left over.
          for (let tries = 0; (await meter(batch)).failedFrom !== null; tries++) expect(tries).toBeLessThan(20);
        }
      }),
    );
    expect(outcomes).toHaveLength(8);
    expect(await usageOf()).toEqual({ sum: "90", count: 360 });
  });
});

test("a tenant with 12,000 events in one hour: small items, nothing lost, known again from cold", async () => {
  const batches = [0, 1, 2].map((n) =>
    batchOf(
      Array.from({ length: 4000 }, () => eventOf()),
      n * 4000,
    ),
  );
  const { meter } = consumer();
  for (const batch of batches) expect(await meter(batch)).toMatchObject({ counted: 4000, failedFrom: null });
  const cold = consumer();
  for (const batch of batches) expect(await cold.meter(batch)).toMatchObject({ counted: 0, duplicates: 4000 });
  expect(await usageOf()).toEqual({ sum: "12000", count: 12_000 });
});

test("a write whose reply is lost is found again, and records that could not be written come back by the first of them", async () => {
  let failures = 0;
  const { meter } = consumer((chunks) => ({
    ...chunks,
    save: async (key, head, closed) => {
      const result = await chunks.save(key, head, closed);
      if (key.tenantId === tenants[1] && failures++ === 0) throw new Error("The reply was lost.");
      return result;
    },
  }));
  const batch = batchOf([
    eventOf(),
    eventOf({ tenant_id: tenants[2] }),
    eventOf({ tenant_id: tenants[1], value: 7 }),
    eventOf(),
    eventOf({ tenant_id: tenants[1], value: 7 }),
  ]);
  expect(await meter(batch)).toMatchObject({ counted: 3, failedFrom: 2 });
  expect(await meter(batch.slice(2))).toMatchObject({ counted: 0, duplicates: 3, failedFrom: null });
  expect(await usageOf(tenants[1])).toEqual({ sum: "14", count: 2 });
  expect(await usageOf()).toEqual({ sum: "2", count: 2 });
});

test("nothing is counted that could not be archived, and nothing passed over that could not be set aside", async () => {
  const ports = {
    ...usageCounting(table, clock, { dynamo: engine.dynamo }),
    standing: async () => "known" as const,
    clock,
  };
  const down = { put: () => Promise.reject(new Error("S3 is down.")) };
  const up = { put: async () => undefined };
  const aside = { put: async () => 0 };
  const batch = batchOf([eventOf(), "poison", eventOf()]);
  await expect(meterUsage({ ...ports, archive: down, quarantine: aside })(batch)).rejects.toThrow("S3 is down.");
  expect(await usageOf()).toEqual({ sum: "0", count: 0 });
  expect(await meterUsage({ ...ports, archive: up, quarantine: down })(batch)).toMatchObject({ failedFrom: 1 });
  expect(await meterUsage({ ...ports, archive: up, quarantine: aside })(batch)).toMatchObject({ failedFrom: null });
  expect(await usageOf()).toEqual({ sum: "2", count: 2 });
});

describe("against a naive fold", () => {
  const random = mulberry32(20_261_120);
  /** Mixed tenants, meters, hours; decimals; some with ids, of which some are sent again. */
  const trace = Array.from({ length: 3000 }, (_, n) => {
    const withId = random() < 0.5;
    return {
      tenant_id: tenants[Math.floor(random() ** 3 * tenants.length)],
      metric: random() < 0.8 ? "api_calls" : "compute_hours",
      value: Math.round(random() * 10 ** Math.ceil(random() * 9)) / 1e6,
      timestamp: new Date(now - Math.floor(random() ** 4 * 30 * 24) * hourMs).toISOString().replace("Z", ""),
      ...(withId ? { id: `id-${n}` } : {}),
    };
  });
  const sent = trace.flatMap((event) => (event.id !== undefined && random() < 0.1 ? [event, event] : [event]));
  const records = batchOf(sent);

  const expected = (tenantId: string | undefined, metric: string) => {
    const chosen = trace.filter((event) => event.tenant_id === tenantId && event.metric === metric);
    const sum = chosen.reduce((micros, { value }) => micros + BigInt(Math.round(value * 1e6)), 0n);
    return { sum: formatMicros(sum), count: chosen.length };
  };

  /** Batches as a stream delivers them at its worst: some again, some again in halves, out of order. */
  const deliveries = Array.from({ length: Math.ceil(records.length / 200) }, (_, n) =>
    records.slice(n * 200, (n + 1) * 200),
  ).flatMap((batch) => {
    const dice = random();
    return dice < 0.2 ? [batch, batch] : dice < 0.4 ? [batch.slice(100), batch, batch.slice(0, 50)] : [batch];
  });

  test("the error is 0: four consumers at a time, redeliveries, lost requests and replies", async () => {
    const faulty = (chunks: UsageChunks): UsageChunks => ({
      ...chunks,
      save: async (key, head, closed) => {
        const dice = random();
        if (dice < 0.02) throw new Error("The request was lost.");
        const result = await chunks.save(key, head, closed);
        if (dice < 0.05) throw new Error("The reply was lost.");
        return result;
      },
    });
    const queue = [...deliveries];
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const { meter } = consumer(faulty);
        for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
          const { failedFrom } = await meter(batch);
          if (failedFrom !== null) queue.push(batch.slice(failedFrom));
        }
      }),
    );
    for (const id of tenants)
      for (const metric of ["api_calls", "compute_hours"] as const)
        expect(await usageOf(id, metric)).toEqual(expected(id, metric));
  });

  test("adding to a counter instead goes wrong on the same deliveries: this trace can tell", async () => {
    const key = (id: string) => ({ pk: { S: id }, sk: { S: "naive" } });
    const updates = deliveries.flatMap((batch) => [
      ...Map.groupBy(batch, ({ text }) => (JSON.parse(text ?? "{}") as { tenant_id: string }).tenant_id),
    ]);
    for (const [id, events] of updates)
      await engine.dynamo.send(
        new UpdateItemCommand({
          TableName: table,
          Key: key(id),
          UpdateExpression: "ADD n :n",
          ExpressionAttributeValues: { ":n": { N: String(events.length) } },
        }),
      );
    const { Item } = await engine.dynamo.send(new GetItemCommand({ TableName: table, Key: key(tenant) }));
    const exact = expected(tenant, "api_calls").count + expected(tenant, "compute_hours").count;
    expect(Number(Item?.["n"]?.N) / exact).toBeGreaterThan(1.1);
  });
});

/** A small seeded generator, so that a failure repeats. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
