import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { onboard } from "../support/api.ts";
import { ready } from "../support/ready.ts";
import { compare } from "../support/usage/compare.ts";
import { correctAll, correctionsApplied } from "../support/usage/correct.ts";
import {
  addFaults,
  clearFaults,
  defineMeters,
  mishaps,
  oracleMeters,
  putAll,
  replayArchive,
  reshard,
} from "../support/usage/play.ts";
import { errorsOf } from "../support/usage/naive.ts";
import { settle } from "../support/usage/settle.ts";
import { freshToken } from "../support/usage/token.ts";
import { traceOf } from "../support/usage/trace.ts";

// Everything through the deployed stream, event source mapping and consumer, with faults at the gateway; a million events
// and more: npm run bench:exact.

test("whatever befalls the consumer and whatever is corrected, every aggregate equals a naive fold of each event once", async () => {
  const tokens = freshToken(ready());
  const token = await tokens();
  const since = Date.now();
  const tenants = await Promise.all(
    [0, 1].map(async () => {
      const { operation } = await onboard(ready(), token, { name: `Oracle ${randomUUID()}`, tier: "standard" });
      return operation.tenant_id as string;
    }),
  );
  const meters = await defineMeters(ready(), token);
  const used = oracleMeters.map(({ name }) => name);
  const trace = traceOf({ seed: 20_261_121, events: 2500, tenants, meters, used, now: Date.now(), corrections: 2 });

  await addFaults(ready(), mishaps(2, 0.4));
  const half = Math.ceil(trace.puts.length / 2);
  await putAll(ready(), trace.puts.slice(0, half));
  await reshard(ready());
  const correcting = correctAll(ready(), tokens, trace.corrections, 120_000);
  correcting.catch(() => undefined);
  await putAll(ready(), trace.puts.slice(half));
  await correcting;
  await correctionsApplied(ready(), tokens, tenants, 120_000);
  await settle(ready(), tokens, { tenants, counted: trace.counted, patience: 120_000 });
  const hits = await clearFaults(ready());
  expect(Object.keys(hits)).toHaveLength(15);
  expect(Object.entries(hits).filter(([, times]) => times === 0)).toEqual([]);

  expect(await replayArchive(ready(), since)).toBeGreaterThan(0);
  await sleep(3000);
  const { buckets, mismatches } = await compare(ready(), tokens, {
    tenants,
    meters: oracleMeters,
    counted: trace.counted,
  });
  expect(buckets).toBeGreaterThan(5000);
  expect(mismatches).toEqual([]);
});

test("the usual ways go wrong on the same trace: it can tell", () => {
  const tenants = ["ten_01JD0000000000000000000001", "ten_01JD0000000000000000000002"];
  const used = oracleMeters.map(({ name }) => name);
  const trace = traceOf({ seed: 20_261_121, events: 2500, tenants, meters: oracleMeters, used, now: Date.now() });
  const { add, highWaterMark } = errorsOf(trace, 7);
  expect(add).toBeGreaterThan(0.1);
  expect(highWaterMark).toBeGreaterThan(0.1);
});
