import type { Clock } from "../ports.ts";
import { type ChunkEvents, type Fault, sortBatch } from "./batch.ts";
import type { ChunkWriter } from "./chunk-writer.ts";
import { concurrently } from "./concurrently.ts";
import type { IncomingRecord, Quarantine, RejectedRecord, UsageArchive } from "./ports.ts";
import type { Standing } from "./tenant-check.ts";

export type MeterUsagePorts = {
  readonly writer: ChunkWriter;
  readonly standing: (tenantId: string) => Promise<Standing>;
  readonly archive: UsageArchive;
  readonly quarantine: Quarantine;
  readonly clock: Clock;
};

export type MeterOutcome = {
  readonly counted: number;
  /** Events that had been counted before, or stood twice in the batch. */
  readonly duplicates: number;
  /** Events set aside. */
  readonly rejected: number;
  /** Records set aside that were not there yet: a batch that comes again adds none. */
  readonly quarantined: number;
  /** The first record of the batch that must come again, or null when all is done. */
  readonly failedFrom: number | null;
  readonly errors: readonly unknown[];
};

/** Chunks written at a time: what one connection pool of the SDK carries. */
const width = 48;

/**
 * Counts one batch of a shard. Each event ends up counted, set aside in the quarantine, or in a record at or after
 * `failedFrom`, which the stream delivers again: then those counted already are known by their ids.
 *
 * @throws whatever the archive throws: nothing has been counted by then.
 */
export const meterUsage =
  (ports: MeterUsagePorts) =>
  async (records: readonly IncomingRecord[]): Promise<MeterOutcome> => {
    const archived = ports.archive.put(records);
    // Sorting overlaps the upload, and a failed upload must not go unheard meanwhile.
    archived.catch(() => undefined);
    const { tenants, faults } = sortBatch(records, ports.clock().getTime());
    const errors: unknown[] = [];
    let failedFrom = Number.POSITIVE_INFINITY;
    const fail = (chunk: ChunkEvents, error: unknown) => {
      failedFrom = Math.min(failedFrom, chunk.events[0]?.record ?? 0);
      errors.push(error);
    };

    const known: ChunkEvents[] = [];
    const failures = await concurrently([...tenants], width, async ([tenantId, hours]) => {
      const standing = await ports.standing(tenantId);
      if (standing === "known") known.push(...hours.values());
      else for (const chunk of hours.values()) faults.push(...refused(chunk, standing));
    });
    for (const { item, error } of failures) for (const chunk of item[1].values()) fail(chunk, error);

    await archived;
    let counted = 0;
    let duplicates = 0;
    await ports.writer.prepare(known.map((chunk) => chunk.key));
    const lost = await concurrently(known, width, async (chunk) => {
      const result = await ports.writer.count(chunk.key, chunk.events);
      counted += result.counted;
      duplicates += result.duplicates;
    });
    for (const { item, error } of lost) fail(item, error);

    let quarantined = 0;
    if (faults.length > 0) {
      try {
        quarantined = await ports.quarantine.put(byRecord(records, faults));
      } catch (error) {
        for (const fault of faults) failedFrom = Math.min(failedFrom, fault.record);
        errors.push(error);
      }
    }
    return {
      counted,
      duplicates,
      rejected: faults.length,
      quarantined,
      failedFrom: failedFrom === Number.POSITIVE_INFINITY ? null : failedFrom,
      errors,
    };
  };

const refused = (chunk: ChunkEvents, standing: Exclude<Standing, "known">): Fault[] =>
  chunk.events.map(({ record, line }) => ({
    record,
    line,
    reason: `${standing}-tenant`,
    detail: standing === "deleted" ? "The tenant was deleted." : "There is no such tenant.",
  }));

/** Faults gathered by record, records and lines in their order: the same batch always gives the same list. */
const byRecord = (records: readonly IncomingRecord[], faults: readonly Fault[]): RejectedRecord[] => {
  const gathered = Map.groupBy(
    faults.toSorted((a, b) => a.record - b.record || a.line - b.line),
    (fault) => fault.record,
  );
  return [...gathered].flatMap(([index, ofRecord]) => {
    const record = records[index];
    return record === undefined
      ? []
      : [{ record, faults: ofRecord.map(({ reason, detail, line }) => ({ reason, detail, line })) }];
  });
};
