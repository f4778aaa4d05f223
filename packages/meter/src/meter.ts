import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { createBuffer } from "./buffer.ts";
import { type PackedRecord, recordOf } from "./record.ts";
import { onShutdown } from "./shutdown.ts";
import { type Line, lineOf, type Usage } from "./usage.ts";

export type { Usage } from "./usage.ts";

/** An event that will not be delivered. */
export type Drop = {
  readonly usage: Usage;
  /** The buffer was full, the meter was closed, or the event is none: then `detail` says why. */
  readonly reason: "buffer-full" | "closed" | "invalid";
  readonly detail: string;
};

export type MeterOptions = {
  /** The stream's name. */
  readonly stream: string;
  readonly client?: Pick<KinesisClient, "send">;
  /** Events held in memory at most, those under way included; 20,000. What comes beyond is dropped and reported. */
  readonly capacity?: number;
  /** Bytes of events held in memory at most; 32 MiB. */
  readonly capacityBytes?: number;
  /** Milliseconds after which events go out though there are few; 1,000. */
  readonly delay?: number;
  /** Records above this many bytes are gzipped; 1,024. `Infinity` for never. */
  readonly gzipAbove?: number;
  /** Signals upon which to deliver what is in the buffer, such as `["SIGTERM"]`; none by default. */
  readonly signals?: readonly NodeJS.Signals[];
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

/** This many events, or bytes, go out without waiting for more. */
const enoughEvents = 2000;
const enoughBytes = 1024 * 1024;

const firstPause = 50;
const longestPause = 10_000;

/**
 * Emits usage events to the stream. An event gets its id when it is recorded, so sending it again, which happens after
 * every failure, cannot count it twice. Events that Kinesis has not taken are kept and tried again with a growing,
 * jittered pause until it does, the process ends, or the buffer overflows.
 */
export const createMeter = (options: MeterOptions): Meter => {
  const { stream, capacity = 20_000, capacityBytes = 32 * 1024 * 1024, delay = 1000, gzipAbove = 1024 } = options;
  const quietly = <T>(report: ((value: T) => void) | undefined, value: T) => {
    try {
      report?.(value);
    } catch {
      // The caller's own reporter must not break what it reports on.
    }
  };
  const drop = (usage: Usage, reason: Drop["reason"], detail: string) =>
    quietly(options.onDrop, { usage, reason, detail });

  const buffer = createBuffer();
  /** Records under way, or refused and waiting to go again: packed already, so that each goes again as it went. */
  let sent: PackedRecord[] = [];
  const inSent = (what: "events" | "bytes") => sent.reduce((sum, record) => sum + record[what], 0);
  let sentEvents = 0;
  let sentBytes = 0;
  const keep = (records: PackedRecord[]) => {
    sent = records;
    sentEvents = inSent("events");
    sentBytes = inSent("bytes");
  };

  let client = options.client;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> | undefined;
  let wake: (() => void) | undefined;
  const left = () => buffer.events + sentEvents;

  /** Sends one batch and keeps what was not taken. @returns whether all was taken. */
  const sendBatch = async (): Promise<boolean> => {
    const packs = buffer.take({ records: sent.length, bytes: sentBytes });
    sentEvents += packs.reduce((sum, { lines }) => sum + lines.length, 0);
    sentBytes += packs.reduce((sum, { bytes }) => sum + bytes, 0);
    keep([...sent, ...(await Promise.all(packs.map((pack) => recordOf(pack, gzipAbove))))]);
    try {
      client ??= new KinesisClient({});
      const entries = sent.map(({ PartitionKey, Data }) => ({ PartitionKey, Data }));
      const { Records = [] } = await client.send(new PutRecordsCommand({ StreamName: stream, Records: entries }));
      const refused = Records.find(({ ErrorCode }) => ErrorCode !== undefined);
      keep(sent.filter((_, index) => Records[index]?.ErrorCode !== undefined));
      if (refused !== undefined) quietly(options.onError, new Error(`${refused.ErrorCode}: ${refused.ErrorMessage}`));
    } catch (error) {
      quietly(options.onError, error);
    }
    return sent.length === 0;
  };

  const sendAll = async (): Promise<void> => {
    for (let failures = 0; left() > 0;) {
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

  const parsed = (usage: Usage): Line | undefined => {
    try {
      return lineOf(usage, Date.now());
    } catch (error) {
      drop(usage, "invalid", error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };

  const flush: Meter["flush"] = async ({ timeout = 5000 } = {}) => {
    if (left() === 0) return 0;
    wake?.();
    let limit: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => {
      limit = setTimeout(resolve, timeout);
    });
    await Promise.race([start(), over]);
    clearTimeout(limit);
    return left();
  };

  const meter: Meter = {
    record(usage) {
      if (closed) return drop(usage, "closed", "The meter has been closed.");
      const line = parsed(usage);
      if (line === undefined) return;
      if (left() >= capacity || buffer.bytes + sentBytes + line.bytes > capacityBytes)
        return drop(usage, "buffer-full", "Kinesis has not taken events for too long.");
      buffer.add(line);
      if (buffer.events >= enoughEvents || buffer.bytes >= enoughBytes) void start();
      else timer ??= setTimeout(() => void start(), delay).unref();
    },
    flush,
    close(limits) {
      closed = true;
      return flush(limits);
    },
  };
  if (options.signals !== undefined) onShutdown(meter, options.signals);
  return meter;
};
