import { setTimeout as sleep } from "node:timers/promises";
import { onboard, poll, send } from "../support/api.ts";
import type { Ready } from "../support/app.ts";
import { compare } from "../support/usage/compare.ts";
import { correctAll, correctionsApplied } from "../support/usage/correct.ts";
import { errorsOf } from "../support/usage/naive.ts";
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
import { countable, settle } from "../support/usage/settle.ts";
import { freshToken } from "../support/usage/token.ts";
import { traceOf } from "../support/usage/trace.ts";

/** How long nothing may move before it is given up: more than the consumer's time limit with all its retries of one batch. */
const patience = 600_000;

/** So many late events meet each hour of 35 days and tenant ten times; each costs a read and a write of its own. */
const late = 50_000;

/** How many events the producers may be ahead of the consumer. */
const ahead = 20_000;

/** Prints how long it takes from a put to the answer that has it. */
const delays = async (ready: Ready, token: string, tenantId: string): Promise<void> => {
  const times: number[] = [];
  for (let n = 1; n <= 20; n++) {
    const since = Date.now();
    const timestamp = new Date(since).toISOString();
    const event = { tenant_id: tenantId, metric: "compute_hours", value: 1, timestamp, id: `delay-${n}` };
    await putAll(ready, [{ key: tenantId, data: Buffer.from(JSON.stringify(event)) }]);
    const day = 86_400_000;
    const [from, to] = [since - day, since + day].map((at) => new Date(at).toISOString());
    const path = `/admin/tenants/${tenantId}/usage?metric=compute_hours&window=month&from=${from}&to=${to}`;
    await poll(
      () => send(ready, "GET", path, { token }),
      ({ body }) => (body.buckets as { count: number }[]).reduce((sum, { count }) => sum + count, 0) >= n,
    );
    times.push(Date.now() - since);
  }
  const [p50, p95] = [10, 18].map((place) => times.toSorted((a, b) => a - b)[place]);
  console.log(`from put to answer: p50 ${p50} ms, p95 ${p95} ms, of which the batching window is 2,000 ms at most`);
};

/**
 * Sends a trace of so many events through the deployed stream and consumer while faults befall it, replays the archive
 * on top, and compares every bucket that the API answers with a naive fold. Prints what it saw.
 *
 * @returns how many buckets differ
 */
export const exact = async (
  ready: Ready,
  options: { readonly events: number; readonly seed: number },
): Promise<number> => {
  const tokens = freshToken(ready);
  const token = await tokens();
  const started = Date.now();
  const seconds = () =>
    `${((Date.now() - started) / 1000).toFixed(0)} s, this process ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MiB`;
  const tenants: string[] = [];
  for (let n = 0; n < 5; n++) {
    const name = `Exact ${started.toString(36)} ${n}`;
    tenants.push((await onboard(ready, token, { name, tier: "standard" })).operation.tenant_id as string);
  }
  const meters = await defineMeters(ready, token);
  const used = oracleMeters.map(({ name }) => name);
  await delays(ready, token, tenants[0] ?? "");
  const share = Math.min(0.25, late / options.events);
  const trace = traceOf({ ...options, tenants, meters, used, now: Date.now(), corrections: 4, late: share });
  console.log(
    `${trace.puts.length} records: ${trace.counted.length} events that count, ${(share * 100).toFixed(0)} % of them up to 35 days late, ${trace.poisoned} that are poison, ${trace.corrections.length} corrections, seed ${options.seed}`,
  );

  await addFaults(ready, mishaps(Math.max(2, Math.min(20, Math.round(options.events / 20_000)))));
  const since = Date.now();
  const total = countable(trace.counted).length;
  const settling = { tenants, counted: trace.counted, patience };
  const parts = Math.max(2, Math.ceil(options.events / ahead));
  const size = Math.ceil(trace.puts.length / parts);
  let correcting: Promise<void> = Promise.resolve();
  for (let part = 0; part < parts; part++) {
    await putAll(ready, trace.puts.slice(part * size, (part + 1) * size));
    if (part === Math.floor((parts - 1) / 2)) {
      await reshard(ready);
      correcting = correctAll(ready, tokens, trace.corrections, patience);
      correcting.catch(() => undefined);
    }
    // Producers that outrun the consumer by hours tell nothing more about it, and batches get too large for its time limit.
    const enough = (total * part) / parts;
    await settle(ready, tokens, { ...settling, enough });
    if (parts > 2) console.log(`part ${part + 1} of ${parts} after ${seconds()}`);
  }
  console.log(`put after ${seconds()}`);
  await correcting;
  await correctionsApplied(ready, tokens, tenants, patience);
  console.log(`corrected after ${seconds()}`);
  await settle(ready, tokens, settling);
  const counted = Date.now() - since;
  const hits = await clearFaults(ready);
  console.log(
    `counted after ${seconds()}, ${(counted / 1000 / (options.events / 100_000)).toFixed(0)} s per 100,000 events; faults: ${Object.entries(
      hits,
    )
      .map(([fault, times]) => `${times} × ${fault}`)
      .join(", ")}`,
  );
  console.log(`${await replayArchive(ready, started)} records of the archive counted again on top, after ${seconds()}`);
  await sleep(5000);

  const { buckets, mismatches } = await compare(ready, tokens, {
    tenants,
    meters: oracleMeters,
    counted: trace.counted,
  });
  for (const mismatch of mismatches.slice(0, 20)) console.log(JSON.stringify(mismatch));
  console.log(`${buckets} buckets of ${used.length} meters compared: ${mismatches.length} differ, after ${seconds()}`);
  const { add, highWaterMark } = errorsOf(trace, options.seed);
  console.log(
    `on deliveries of this trace, adding to counters is wrong by ${(add * 100).toFixed(1)} %, a high-water mark per shard by ${(highWaterMark * 100).toFixed(1)} %`,
  );
  return mismatches.length;
};
