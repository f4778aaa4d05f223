import { KinesisClient, PutRecordsCommand, type PutRecordsRequestEntry } from "@aws-sdk/client-kinesis";
import { uuidv7 } from "./uuid.ts";

/** What was used. `value` is at least 0, at most 1e12, and has at most six decimals. */
export type Usage = {
  readonly tenant_id: string;
  readonly metric: string;
  readonly value: number;
  /** When it was used; now by default. From 35 days ago to 5 minutes ahead. */
  readonly timestamp?: Date;
  /** The event's identity; a new UUIDv7 by default. Events with one id count once. */
  readonly id?: string;
  readonly user_id?: string;
  readonly dimensions?: Readonly<Record<string, string>>;
};

/** Why an event will not be delivered: the buffer was full, or it is no event. */
export type Drop = { readonly usage: Usage; readonly reason: "buffer-full" | "invalid" };

export type MeterOptions = {
  /** The stream's name. */
  readonly stream: string;
  readonly client?: Pick<KinesisClient, "send">;
  /** Events held in memory at most, those under way included. What comes beyond is dropped and reported. */
  readonly capacity?: number;
  /** Milliseconds after which a batch goes out though it is not full. */
  readonly delay?: number;
  /** Told of each event that is given up. */
  readonly onDrop?: (drop: Drop) => void;
  /** Told of each failed request. Its events are sent again. */
  readonly onError?: (error: unknown) => void;
};

export type Meter = {
  /** Takes an event in. Never throws and never waits: it does no more than put the event into the buffer. */
  record(usage: Usage): void;
  /** Sends what is in the buffer. Resolves when that is done or the time is over, with the number of events left. */
  flush(options?: { readonly timeout?: number }): Promise<number>;
  /** Flushes and takes no more events. */
  close(options?: { readonly timeout?: number }): Promise<number>;
};

/** What Kinesis takes in one PutRecords. */
const batchRecords = 500;
const batchBytes = 4 * 1024 * 1024;

const firstPause = 50;
const longestPause = 10_000;

type Entry = PutRecordsRequestEntry & { readonly Data: Uint8Array };

/**
 * Emits usage events to the stream. An event gets its id when it is recorded, so sending it again, which happens after
 * every failure, cannot count it twice. Events that Kinesis has not taken are kept and tried again with a growing,
 * jittered pause until it does, the process ends, or the buffer overflows.
 */
export const createMeter = (options: MeterOptions): Meter => {
  const { stream, capacity = 20_000, delay = 1000 } = options;
  const quietly = <T>(report: ((value: T) => void) | undefined, value: T) => {
    try {
      report?.(value);
    } catch {
      // The caller's own reporter must not break what it reports on.
    }
  };
  let client = options.client;
  let queue: Entry[] = [];
  let underWay = 0;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;
  let wake: (() => void) | undefined;

  /** Sends one batch and puts back what was not taken. @returns whether all was taken. */
  const sendBatch = async (): Promise<boolean> => {
    const batch = takeBatch(queue);
    queue = queue.slice(batch.length);
    underWay = batch.length;
    let failed: readonly Entry[] = batch;
    try {
      client ??= new KinesisClient({});
      const { Records = [] } = await client.send(new PutRecordsCommand({ StreamName: stream, Records: batch }));
      failed = batch.filter((_, index) => Records[index]?.ErrorCode !== undefined);
      const code = Records.find(({ ErrorCode }) => ErrorCode !== undefined);
      if (code !== undefined) quietly(options.onError, new Error(`${code.ErrorCode}: ${code.ErrorMessage}`));
    } catch (error) {
      quietly(options.onError, error);
    }
    underWay = 0;
    queue = [...failed, ...queue];
    return failed.length === 0;
  };

  const sendAll = async (): Promise<void> => {
    for (let failures = 0; queue.length > 0;) {
      failures = (await sendBatch()) ? 0 : failures + 1;
      if (failures > 0) await pause(Math.random() * Math.min(longestPause, firstPause * 2 ** failures));
    }
  };

  /** A pause does not keep the process alive, and ends early when a flush asks for haste. */
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      wake = resolve;
      setTimeout(resolve, ms).unref();
    });

  const start = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    sending ??= sendAll().finally(() => (sending = undefined));
    return sending;
  };

  const flush: Meter["flush"] = async ({ timeout = 5000 } = {}) => {
    if (queue.length + underWay === 0) return 0;
    wake?.();
    let limit: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      limit = setTimeout(resolve, timeout);
    });
    await Promise.race([start(), over]);
    clearTimeout(limit);
    return queue.length + underWay;
  };

  return {
    record(usage) {
      const entry = entryOf(usage);
      if (entry === undefined) return quietly(options.onDrop, { usage, reason: "invalid" as const });
      if (closed || queue.length + underWay >= capacity)
        return quietly(options.onDrop, { usage, reason: "buffer-full" as const });
      queue.push(entry);
      if (queue.length >= batchRecords) void start();
      else timer ??= setTimeout(() => void start(), delay).unref();
    },
    flush,
    close(limits) {
      closed = true;
      return flush(limits);
    },
  };
};

const entryOf = (usage: Usage): Entry | undefined => {
  try {
    const { tenant_id, metric, value, timestamp = new Date(), id, user_id, dimensions } = usage;
    if (typeof tenant_id !== "string" || tenant_id === "" || !Number.isFinite(value)) return undefined;
    const event = {
      id: id ?? uuidv7(Date.now()),
      tenant_id,
      metric,
      value,
      timestamp: timestamp.toISOString(),
      user_id,
      dimensions,
    };
    return { PartitionKey: tenant_id, Data: new TextEncoder().encode(JSON.stringify(event)) };
  } catch {
    return undefined;
  }
};

const takeBatch = (queue: readonly Entry[]): Entry[] => {
  const batch: Entry[] = [];
  let bytes = 0;
  for (const entry of queue) {
    bytes += entry.Data.byteLength + (entry.PartitionKey?.length ?? 0);
    if (batch.length === batchRecords || (batch.length > 0 && bytes > batchBytes)) break;
    batch.push(entry);
  }
  return batch;
};
