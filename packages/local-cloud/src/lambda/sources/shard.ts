import { AwsError } from "../../gateway/service.ts";
import { type BatchEdges, processBatch } from "./batch.ts";
import { compileFilters, type Mapping } from "./mapping.ts";
import type { Position, Stream, StreamRecord } from "./stream.ts";
import { backoff, createBell, sleep } from "./timing.ts";

/** How far a shard has come: everything up to `after` was taken by the function. */
export type Checkpoint = {
  readonly after?: string;
  /** Where reading began, while nothing was taken yet. */
  readonly since?: number;
  /** Closed, and read to its end. */
  readonly ended?: boolean;
};

type Tracked = { readonly record: StreamRecord; done: boolean };

export type ShardEdges = Omit<BatchEdges, "done"> & {
  checkpoint(value: Checkpoint): void;
};

/** Lambda's limit for one invocation. */
const MAX_BATCH_BYTES = 6_000_000;
const MAX_BUFFERED = 20_000;
const MAX_BUFFERED_BYTES = 32_000_000;
/** Records in one read after which the next one follows at once. */
const MANY = 100;
/** Between other reads of a shard; and after which it is read though nobody told of a write. In milliseconds. */
const PAUSE = 60;
const SILENCE = 2000;

const hash = (text: string): number => {
  let value = 0;
  for (let index = 0; index < text.length; index += 1) value = (value * 31 + text.charCodeAt(index)) | 0;
  return Math.abs(value);
};

/**
 * Reads one shard and runs its batches, up to `parallelization` at once with the order kept per key. The checkpoint moves
 * only over records that were taken, so whatever was under way when the process dies is read again.
 * @returns once the shard ended or the signal was raised.
 */
export const consumeShard = async (
  mapping: Mapping,
  stream: Stream,
  shard: string,
  start: Checkpoint,
  edges: ShardEdges,
): Promise<void> => {
  const { signal } = edges;
  const passes = compileFilters(mapping);
  const bell = createBell();
  /** In the shard's order; the front is the oldest that is not known to be done. */
  let tracked: Tracked[] = [];
  let bytes = 0;
  let finished = false;
  const lanes: Tracked[][] = Array.from({ length: mapping.parallelization }, () => []);

  const crowded = (): boolean => tracked.length > MAX_BUFFERED || bytes > MAX_BUFFERED_BYTES;

  const advance = (): void => {
    const end = tracked.findIndex(({ done }) => !done);
    const passed = end === -1 ? tracked.splice(0) : tracked.splice(0, end);
    const last = passed.at(-1);
    if (last && !signal.aborted) edges.checkpoint({ after: last.record.sequence });
    for (const { record } of passed) bytes -= record.size;
    bell.ring();
  };
  const finish = (items: readonly Tracked[]): void => {
    for (const item of items) item.done = true;
    advance();
  };

  const accept = (records: readonly StreamRecord[]): void => {
    for (const record of records) {
      const early = start.since !== undefined && record.arrival < Math.floor(start.since / 1000) * 1000;
      const item = { record, done: early || !passes(record.view) };
      tracked.push(item);
      bytes += record.size;
      if (!item.done) lanes[hash(record.key) % lanes.length]?.push(item);
    }
    advance();
  };

  const positionNow = (last: string | undefined): Position => {
    const after = last ?? start.after;
    if (after !== undefined) return { after };
    return start.since === undefined ? "oldest" : { since: start.since };
  };

  const read = async (): Promise<void> => {
    let iterator: string | undefined;
    let last: string | undefined;
    let failures = 0;
    while (!signal.aborted) {
      try {
        iterator ??= await stream.iterator(shard, positionNow(last));
        const { count } = stream.written;
        const page = await stream.read(iterator, signal);
        failures = 0;
        last = page.records.at(-1)?.sequence ?? last;
        accept(page.records);
        if (page.next === undefined) return;
        iterator = page.next;
        if (page.records.length < MANY) await sleep(PAUSE, signal);
        if (page.records.length === 0) await stream.written.after(count, SILENCE, signal);
        while (crowded() && !signal.aborted) await bell.wait(signal);
      } catch (error) {
        if (signal.aborted) return;
        iterator = undefined;
        failures += 1;
        const expired = error instanceof AwsError && error.code === "ExpiredIteratorException";
        if (!expired && failures === 3) edges.log(`lambda: reading ${mapping.sourceArn} ${shard}: ${String(error)}`);
        await sleep(backoff(failures, 50, 2000), signal);
      }
    }
  };

  const take = (lane: Tracked[]): Tracked[] => {
    let size = 0;
    let count = 0;
    for (const { record } of lane.slice(0, mapping.batchSize)) {
      if (count > 0 && size + record.size > MAX_BATCH_BYTES) break;
      size += record.size;
      count += 1;
    }
    return lane.splice(0, count);
  };
  const full = (lane: readonly Tracked[]): boolean =>
    lane.length >= mapping.batchSize || lane.reduce((sum, { record }) => sum + record.size, 0) >= MAX_BATCH_BYTES;

  const work = async (lane: Tracked[]): Promise<void> => {
    while (!signal.aborted) {
      if (lane.length === 0) {
        if (finished) return;
        await bell.wait(signal);
        continue;
      }
      const until = Date.now() + mapping.window * 1000;
      const waiting = (): boolean => !full(lane) && !finished && Date.now() < until;
      while (mapping.window > 0 && waiting() && !signal.aborted) {
        await bell.wait(signal, until - Date.now());
      }
      if (signal.aborted) return;
      const items = take(lane);
      const byRecord = new Map(items.map((item) => [item.record, item]));
      await processBatch(
        mapping,
        items.map(({ record }) => record),
        {
          ...edges,
          done: (records) => finish(records.map((record) => byRecord.get(record)).filter((item) => item !== undefined)),
        },
      );
    }
  };

  const working = lanes.map((lane) => work(lane));
  await read();
  finished = true;
  bell.ring();
  await Promise.all(working);
  if (!signal.aborted) edges.checkpoint({ ended: true });
};
