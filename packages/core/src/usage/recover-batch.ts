import { hourMs } from "./accept.ts";
import type { MeterOutcome } from "./meter-usage.ts";
import type { IncomingRecord, Quarantine, UsageArchiveReader } from "./ports.ts";
import type { StoredRecord } from "./quarantine-entry.ts";

/** A stretch of a shard that the consumer was given up on. */
export type FailedBatch = {
  readonly shard: string;
  /** The sequence numbers of its first and last record. */
  readonly first: string;
  readonly last: string;
  /** When these arrived, in milliseconds. */
  readonly arrivedFrom: number;
  readonly arrivedTo: number;
  /** How many records it had. More lie between: those of other partition keys. */
  readonly size: number;
};

/** Reads the stream apart from its consumer. */
export interface UsageStreamReader {
  /** The records from `first` to `last`, both with, as far as the stream still has them. */
  between(shard: string, first: string, last: string): Promise<StoredRecord[]>;
}

export type RecoverPorts = {
  readonly stream: UsageStreamReader;
  readonly archive: UsageArchiveReader;
  readonly unpack: (record: StoredRecord) => IncomingRecord;
  /** The consumer's own verb. */
  readonly meter: (records: readonly IncomingRecord[]) => Promise<MeterOutcome>;
  readonly quarantine: Quarantine;
};

export type Recovered = {
  readonly from: "stream" | "archive";
  readonly records: number;
  readonly counted: number;
  /** Records set aside that were not there yet. */
  readonly quarantined: number;
};

/**
 * Counts a batch that the event source mapping gave up on. Its records are read from the stream again, or from the
 * archive where the stream has forgotten them. Those that were counted are known by their ids. With `final` what still
 * fails is set aside, record by record, with the reason `batch-failed`; otherwise the whole is to be tried again.
 *
 * @throws Error when something is to be tried again, or records are in neither place.
 */
export const recoverBatch =
  (ports: RecoverPorts) =>
  async (batch: FailedBatch, final: boolean): Promise<Recovered> => {
    const { records, from } = await find(ports, batch);
    const whole = await ports.meter(records).catch((cause: unknown) => failed(cause));
    const { counted, quarantined } = whole;
    if (whole.failedFrom === null) return { from, records: records.length, counted, quarantined };
    if (!final) throw new Error("A part of the batch still fails.", { cause: whole.errors[0] });

    const total = { from, records: records.length, counted, quarantined };
    for (const record of records.slice(whole.failedFrom)) {
      const alone = await ports.meter([record]).catch((cause: unknown) => failed(cause));
      total.counted += alone.counted;
      total.quarantined += alone.quarantined;
      if (alone.failedFrom === null) continue;
      const fault = { line: 1, reason: "batch-failed", detail: "It could not be counted in many attempts." } as const;
      total.quarantined += await ports.quarantine.put([{ record, faults: [fault] }]);
    }
    return total;
  };

/** What it comes to when nothing was done. */
const failed = (error: unknown): MeterOutcome => ({
  counted: 0,
  duplicates: 0,
  rejected: 0,
  quarantined: 0,
  failedFrom: 0,
  errors: [error],
});

const find = async (
  { stream, archive, unpack }: RecoverPorts,
  batch: FailedBatch,
): Promise<{ readonly records: IncomingRecord[]; readonly from: "stream" | "archive" }> => {
  const { shard, first, last } = batch;
  const found = new Map<string, IncomingRecord>();
  for (const record of await stream.between(shard, first, last)) found.set(record.position, unpack(record));
  if (isWhole(batch, found)) return { records: [...found.values()], from: "stream" };
  for (let hour = Math.floor(batch.arrivedFrom / hourMs); hour * hourMs <= batch.arrivedTo; hour++)
    for await (const records of archive.records(hour, { source: `${shard}-`, mentions: shard }))
      for (const record of records) if (isBetween(record.position, first, last)) found.set(record.position, record);
  if (!isWhole(batch, found))
    throw new Error(`Of the ${batch.size} records of ${shard} from ${first} to ${last} some are nowhere.`);
  return { records: [...found.values()], from: "archive" };
};

/** Between both ends there may be more records than the batch had, but not fewer. */
const isWhole = ({ shard, first, last, size }: FailedBatch, found: ReadonlyMap<string, unknown>) =>
  found.size >= size && found.has(`${shard}:${first}`) && found.has(`${shard}:${last}`);

const isBetween = (position: string, first: string, last: string): boolean => {
  const sequence = BigInt(position.slice(position.lastIndexOf(":") + 1));
  return sequence >= BigInt(first) && sequence <= BigInt(last);
};
