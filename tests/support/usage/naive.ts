import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { seeded } from "./random.ts";
import type { Put, Trace } from "./trace.ts";

// What the usual ways to count make of a trace, on deliveries as a stream makes them: batches that come again after a
// lost reply, halves of them after a failure, and four lanes of a shard at a time.

type Delivered = { readonly shard: number; readonly sequence: number; readonly events: number };

const shards = 2;
const lanes = 4;
const batchSize = 40;

const hash = (key: string) => createHash("md5").update(key).digest().readUInt32BE(0);

/** Lines that any JSON parser takes for an event of a tenant's meter. */
const eventsIn = ({ data }: Put): number => {
  const text = (data[0] === 0x1f ? gunzipSync(data) : data).toString();
  return text.split("\n").filter((line) => line.includes('"metric":"oracle_')).length;
};

/** Batches in the order in which they end. */
export const deliveriesOf = (puts: readonly Put[], seed: number): Delivered[][] => {
  const random = seeded(seed);
  const queues = Map.groupBy(
    puts.map((put, sequence) => ({ lane: hash(put.key) % (shards * lanes), sequence, events: eventsIn(put) })),
    ({ lane }) => lane,
  );
  const batches: Delivered[][] = [];
  const open = [...queues].map(([lane, records]) => ({ shard: lane % shards, records, at: 0 }));
  while (open.length > 0) {
    const place = Math.floor(random() * open.length);
    const queue = open[place];
    if (queue === undefined) break;
    const batch = queue.records
      .slice(queue.at, queue.at + batchSize)
      .map(({ sequence, events }) => ({ shard: queue.shard, sequence, events }));
    queue.at += batchSize;
    if (queue.at >= queue.records.length) open.splice(place, 1);
    batches.push(batch);
    const dice = random();
    const half = Math.floor(batch.length / 2);
    if (dice < 0.1) batches.push(batch);
    else if (dice < 0.2) batches.push(batch.slice(0, half), batch.slice(half));
  }
  return batches;
};

/** By how much the counts of the usual ways are wrong, as a part of what is right. */
export const errorsOf = (trace: Trace, seed: number): { readonly add: number; readonly highWaterMark: number } => {
  let added = 0;
  let kept = 0;
  const marks = new Map<number, number>();
  for (const batch of deliveriesOf(trace.puts, seed)) {
    for (const { shard, sequence, events } of batch) {
      added += events;
      if (sequence <= (marks.get(shard) ?? -1)) continue;
      marks.set(shard, sequence);
      kept += events;
    }
  }
  const right = trace.counted.length;
  return { add: Math.abs(added - right) / right, highWaterMark: Math.abs(kept - right) / right };
};
