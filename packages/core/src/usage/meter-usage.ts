import type { Clock } from "../ports.ts";
import type { Admit } from "./admit.ts";
import { type ChunkEvents, type Fault, monthOf, type SortedBatch, sortBatch, type TenantEvents } from "./batch.ts";
import type { ChunkWriter } from "./chunk-writer.ts";
import { concurrently } from "./concurrently.ts";
import type { Rejection } from "./event.ts";
import type { MeterCatalog } from "./meter-catalog.ts";
import type { MeterTable } from "./meters.ts";
import type { IncomingRecord, Quarantine, RejectedRecord, UsageArchive } from "./ports.ts";
import type { Standing, StandingOf } from "./tenant-check.ts";

export type MeterUsagePorts = {
  readonly writer: ChunkWriter;
  readonly meters: MeterCatalog;
  readonly admit: Admit;
  readonly standing: StandingOf;
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
    const { meters, sorted } = await sort(ports, records);
    const { tenants, faults } = sorted;
    const errors: unknown[] = [];
    let failedFrom = Number.POSITIVE_INFINITY;
    const fail = (chunk: ChunkEvents, error: unknown) => {
      failedFrom = Math.min(failedFrom, chunk.events[0]?.record ?? 0);
      errors.push(error);
    };

    const known: ChunkEvents[] = [];
    const keep = ({ chunks }: TenantEvents): void => {
      for (const chunk of chunks.values()) if (chunk.events.length > 0) known.push(chunk);
    };
    const judge = async (tenantId: string, tenant: TenantEvents, asked: Standing | Promise<Standing>) => {
      const standing = await asked;
      if (standing !== "known") {
        for (const chunk of tenant.chunks.values()) faults.push(...setAside(chunk.events, refusals[standing]));
        return;
      }
      if (tenant.series.size > 0) faults.push(...(await refuseSeries(ports.admit, tenantId, tenant, meters)));
      keep(tenant);
    };
    const failures = await concurrently([...tenants], width, ([tenantId, tenant]) => {
      const standing = ports.standing(tenantId);
      // Most need nothing but that.
      return standing === "known" && tenant.series.size === 0 ? keep(tenant) : judge(tenantId, tenant, standing);
    });
    for (const { item, error } of failures) for (const chunk of item[1].chunks.values()) fail(chunk, error);

    await archived;
    let counted = 0;
    let duplicates = 0;
    await ports.writer.prepare(known.map((chunk) => chunk.key));
    const add = (result: { readonly counted: number; readonly duplicates: number }): void => {
      counted += result.counted;
      duplicates += result.duplicates;
    };
    const lost = await concurrently(known, width, ({ key, events }) => ports.writer.count(key, events).then(add));
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

/** Sorts the batch. Before a metric is called unknown, the definitions are read again: it may be a minute old. */
const sort = async (
  { meters: catalog, clock }: MeterUsagePorts,
  records: readonly IncomingRecord[],
): Promise<{ readonly meters: MeterTable; readonly sorted: SortedBatch }> => {
  const now = clock().getTime();
  const meters = await catalog.current();
  const sorted = sortBatch(records, meters, now);
  if (!sorted.faults.some(({ reason }) => reason === "unknown-metric")) return { meters, sorted };
  const latest = await catalog.reread();
  return latest === meters ? { meters, sorted } : { meters: latest, sorted: sortBatch(records, latest, now) };
};

/** Takes the events of series that are not admitted out of the tenant's chunks. */
const refuseSeries = async (
  admit: Admit,
  tenantId: string,
  tenant: TenantEvents,
  meters: MeterTable,
): Promise<Fault[]> => {
  // All is asked before anything is taken out: when an answer fails, the events are still where they were.
  const refused = new Map<number, ReadonlySet<string>>();
  for (const [month, wanted] of tenant.series) {
    const series = await admit(tenantId, month, wanted, meters);
    if (series.size > 0) refused.set(month, series);
  }
  if (refused.size === 0) return [];
  const faults: Fault[] = [];
  for (const chunk of tenant.chunks.values()) {
    const series = refused.get(monthOf(chunk.key.hour));
    if (series === undefined) continue;
    const out = chunk.events.filter((event) => series.has(event.series));
    faults.push(...setAside(out, refusals.limit));
    chunk.events = chunk.events.filter((event) => !series.has(event.series));
  }
  return faults;
};

const refusals = {
  unknown: { reason: "unknown-tenant", detail: "There is no such tenant." },
  deleted: { reason: "deleted-tenant", detail: "The tenant was deleted." },
  limit: { reason: "dimension-limit", detail: "The tenant has too many combinations of dimension values this month." },
} as const satisfies Record<string, Rejection>;

const setAside = (events: ChunkEvents["events"], rejection: Rejection): Fault[] =>
  events.map(({ record, line }) => ({ record, line, ...rejection }));

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
