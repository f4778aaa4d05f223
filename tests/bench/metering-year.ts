import { startUsageEngine } from "@tenantry/aws/testing/usage-engine";
import { newId } from "@tenantry/aws/new-id";
import { dynamoUsageChunks } from "@tenantry/aws/usage-pages";
import { dynamoUsageRollUps } from "@tenantry/aws/usage-roll-ups";
import { dynamoUsageTotals } from "@tenantry/aws/usage-totals";
import { concurrently } from "@tenantry/core/usage/concurrently";
import type { Meter } from "@tenantry/core/usage/meters";
import { emptyHead } from "@tenantry/core/usage/pages";
import { periodsIn } from "@tenantry/core/usage/period";
import { readUsage } from "@tenantry/core/usage/read";
import { rollUp } from "@tenantry/core/usage/roll-up";
import type { Row } from "./bench.ts";

const hourMs = 3_600_000;
const meter: Meter = {
  name: "api_calls",
  unit: "call",
  aggregation: "sum",
  decimals: 6,
  dimensions: [],
  cardinality_limit: 1,
};
const meters = { list: async () => [meter] };

/** A year of one metric with usage in every hour: reads and time of a query, with roll-ups and without. */
export const year = async (): Promise<Row[]> => {
  const engine = await startUsageEngine();
  try {
    const table = await engine.table();
    const tenantId = newId("tenant");
    const now = Date.UTC(2026, 10, 21, 12);
    const to = now / hourMs;
    const from = Date.UTC(2025, 10, 1) / hourMs;
    const chunks = dynamoUsageChunks(table, engine.dynamo);
    const hours = Array.from({ length: to - from }, (_, n) => from + n);
    const totals = { api_calls: { kind: "sum", sum: 123_456_789n, count: 60 } } as const;
    const ids = new Uint8Array(60 * 8);
    const written = await concurrently(hours, 32, async (hour) => {
      await chunks.save({ tenantId, hour }, { ...emptyHead, version: 1, ids, totals }, []);
    });
    if (written[0] !== undefined) throw written[0].error;

    const spent = { requests: 0, units: 0 };
    const usage = dynamoUsageTotals(table, engine.dynamo, (_, units) => {
      spent.requests++;
      spent.units += units;
    });
    const read = readUsage({ usage, meters, clock: () => new Date(now) });
    const ask = async (window: "hour" | "day" | "month") => {
      const times: number[] = [];
      for (let n = 0; n < 10; n++) {
        spent.requests = spent.units = 0;
        const since = performance.now();
        const { groups } = await read({ tenantId, metric: meter.name, range: { from, to }, window, groupBy: [] });
        times.push(performance.now() - since);
        const count = groups[0]?.buckets.reduce((sum, bucket) => sum + bucket.count, 0);
        if (count !== hours.length * 60) throw new Error("The year was not read whole.");
      }
      return { ...spent, time: times.toSorted((a, b) => a - b)[5] ?? 0 };
    };
    const bare = await ask("month");
    const roll = rollUp({ usage, rollUps: dynamoUsageRollUps(table, engine.dynamo), meters });
    for (const kind of ["day", "month"] as const) {
      const rolled = await concurrently(periodsIn(kind, { from, to }), 16, (period) => roll(tenantId, period));
      if (rolled[0] !== undefined) throw rolled[0].error;
    }
    const rows: Row[] = [];
    for (const window of ["month", "day", "hour"] as const) {
      const { requests, units, time } = await ask(window);
      const beside = (value: number) => (window === "month" ? { beside: { what: "without roll-ups", value } } : {});
      rows.push(
        { measure: `a year by ${window}: reads`, value: requests, unit: "queries", ...beside(bare.requests) },
        { measure: `a year by ${window}: read units`, value: units, unit: "RCU", ...beside(bare.units) },
        { measure: `a year by ${window}: time, median`, value: time, unit: "ms", ...beside(bare.time) },
      );
    }
    return rows;
  } finally {
    await engine.stop();
  }
};
