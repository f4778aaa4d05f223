import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { admitSeries } from "./admit.ts";
import { chunkWriter } from "./chunk-writer.ts";
import { fingerprint } from "./fingerprint.ts";
import { meterCatalog } from "./meter-catalog.ts";
import { meterUsage } from "./meter-usage.ts";
import type { Aggregation, Meter } from "./meters.ts";
import { periodsIn } from "./period.ts";
import type { IncomingRecord } from "./ports.ts";
import { readUsage } from "./read.ts";
import { rollUp } from "./roll-up.ts";
import { memoryChunks, memorySeries } from "./testing/memory-chunks.ts";
import { oracle, type OracleEvent } from "./testing/oracle.ts";

const tenantId = "ten_01JD0000000000000000000000";
const hourMs = 3_600_000;
const start = Date.UTC(2026, 9, 20) / hourMs;
const now = Date.UTC(2026, 10, 20, 14, 30);

const aggregations: readonly Aggregation[] = [
  "sum",
  "count",
  "min",
  "max",
  "latest",
  "unique",
  "time_weighted_average",
];
const meters = aggregations.map((aggregation): Meter => ({
  name: `m_${aggregation}`,
  unit: "unit",
  aggregation,
  decimals: 6,
  dimensions: [{ name: "plan" }, { name: "region" }],
  cardinality_limit: 20,
}));

/** Usage over a month, of few values and users, so that they meet. */
const drawn = fc.array(
  fc.record({
    at: fc.integer({ min: start * hourMs, max: now }),
    value: fc.oneof(
      fc.nat({ max: 9 }),
      fc.integer({ min: 0, max: 1_000_000_000 }).map((n) => n / 1e6),
    ),
    user: fc.constantFrom("ann", "bob", "cem", "dia"),
    dimensions: fc.constantFrom(undefined, { plan: "pro" }, { plan: "free", region: "eu" }, { region: "eu" }),
  }),
  { minLength: 1, maxLength: 40 },
);

/** Counts events and reads them, rolling up where `roll` says so, and counting the rest of them late. */
const world = async (meter: Meter, usage: readonly Drawn[], roll: "never" | "after" | "between") => {
  const store = memoryChunks();
  let clock = roll === "between" ? now - 12 * hourMs : now;
  const waiting = { sleep: async () => undefined, random: () => 0.5 };
  const consume = meterUsage({
    writer: chunkWriter({ chunks: store, clock: () => new Date(clock), ...waiting }, { limits: { full: 2, most: 3 } }),
    meters: meterCatalog({ load: async () => ({ version: 1, meters }) }, () => new Date(clock)),
    admit: admitSeries({ store: memorySeries(), ...waiting }),
    standing: () => "known",
    archive: { put: async () => undefined },
    quarantine: { put: async () => 0 },
    clock: () => new Date(clock),
  });
  const ports = { usage: store, rollUps: store.rolling, meters: { list: async () => meters } };
  const rollAll = async () => {
    for (const kind of ["day", "month"] as const)
      for (const period of periodsIn(kind, { from: start - 24 * 31, to: Math.floor(clock / hourMs) }))
        await rollUp(ports)(tenantId, period);
  };
  const send = async (part: readonly Drawn[], first: number) => {
    const records = part.map((event, index): IncomingRecord => record(meter, event, first + index));
    expect(await consume(records)).toMatchObject({ rejected: 0, failedFrom: null });
  };
  const half = Math.ceil(usage.length / 2);
  await send(usage.slice(0, half), 0);
  if (roll === "between") await rollAll();
  clock = now;
  await send(usage.slice(half), half);
  if (roll === "after") await rollAll();
  return { read: readUsage({ ...ports, clock: () => new Date(now) }), rollAll, store };
};
type Drawn = { at: number; value: number; user: string; dimensions: Record<string, string> | undefined };

const record = (meter: Meter, { at, value, user, dimensions }: Drawn, index: number): IncomingRecord => ({
  position: `shard:${index}`,
  partitionKey: tenantId,
  arrivedAt: now,
  data: "",
  text: JSON.stringify({
    tenant_id: tenantId,
    metric: meter.name,
    value,
    timestamp: new Date(at).toISOString(),
    user_id: user,
    dimensions,
    id: `id-${index}`,
  }),
});

/** What the same events come to for the oracle. */
const known = (meter: Meter, usage: readonly Drawn[]) =>
  usage.map(({ at, value, user, dimensions }, index): OracleEvent => {
    const { hi, lo } = fingerprint(`id-${index}`, meters.indexOf(meter));
    const micros = BigInt(Math.round(value * 1e6));
    const rank = BigInt(hi) * 2n ** 32n + BigInt(lo);
    return { tenantId, metric: meter.name, micros, at, user, dimensions, rank };
  });

type Read = Awaited<ReturnType<typeof world>>["read"];
const answer = async (read: Read, query: Parameters<Read>[0]) => {
  const { groups } = await read(query);
  return Object.fromEntries(
    groups.map(({ dimensions, buckets }) => [
      JSON.stringify(dimensions),
      buckets.map(({ value, count }) => `${value} of ${count}`),
    ]),
  );
};

const range = { from: start + 5, to: Date.UTC(2026, 10, 20, 15) / hourMs };

describe.for(meters)("$aggregation", (meter) => {
  test.for(["never", "after", "between"] as const)(
    "rolled up %s, each window and grouping is the naive fold's",
    async (roll) => {
      await fc.assert(
        fc.asyncProperty(drawn, async (usage) => {
          const { read } = await world(meter, usage, roll);
          for (const window of ["day", "month", "hour"] as const)
            for (const groupBy of [[], ["plan"], ["region"], ["plan", "region"]])
              expect(await answer(read, { tenantId, metric: meter.name, range, window, groupBy })).toEqual(
                oracle(known(meter, usage), { meter, ...range, window, groupBy, now }),
              );
        }),
        { numRuns: meter.aggregation === "time_weighted_average" ? 4 : 10 },
      );
    },
  );
});
