import { sortBatch } from "./batch.ts";
import { adjustedEvent, chunkOf, isCorrection, parseCorrection } from "./correction.ts";
import { foldEvents, type Totals } from "./fold.ts";
import { IdSet } from "./id-set.ts";
import type { MeterTable } from "./meters.ts";
import type { ChunkKey, Counted } from "./pages.ts";
import type { IncomingRecord, UsageArchiveReader } from "./ports.ts";

/** A chunk as the archive has it. */
export type ShadowChunk = {
  readonly key: ChunkKey;
  totals: Totals;
  /** Of the events in `totals`. */
  readonly ids: IdSet;
};

export type ArchiveFold = {
  readonly tenantId: string;
  readonly meters: MeterTable;
  /** Hours since 1970 in which events may have arrived, each once. */
  readonly arrivals: readonly number[];
  /** Whether an event counts. It is asked once for each place in which the event stands. */
  readonly takes: (key: ChunkKey, event: Counted, record: IncomingRecord, line: number) => boolean;
};

export const chunkName = ({ hour, series = "" }: ChunkKey) => `${hour} ${series}`;

/**
 * Folds a tenant's events as they stand in the archive, adjustments among them, each once by its identity: the naive
 * way, without what the consumer keeps. Chunks by `chunkName`. Memory is that of the ids: an hour's object at a time.
 */
export const foldArchive = async (
  archive: UsageArchiveReader,
  { tenantId, meters, arrivals, takes }: ArchiveFold,
): Promise<Map<string, ShadowChunk>> => {
  const chunks = new Map<string, ShadowChunk>();

  const add = (key: ChunkKey, events: readonly Counted[]) => {
    if (events.length === 0) return;
    const name = chunkName(key);
    let chunk = chunks.get(name);
    if (chunk === undefined) chunks.set(name, (chunk = { key, totals: {}, ids: new IdSet() }));
    const { ids } = chunk;
    chunk.totals = foldEvents(
      chunk.totals,
      events.filter((event) => ids.add(event)),
    );
  };

  const addCorrections = (records: readonly IncomingRecord[]) => {
    for (const record of records) {
      const correction = parseCorrection(record);
      if (correction.type !== "adjust" || correction.tenant_id !== tenantId) continue;
      const key = chunkOf(correction);
      const event = adjustedEvent(correction, meters, record.arrivedAt);
      if (takes(key, event, record, 1)) add(key, [event]);
    }
  };

  for (const hour of arrivals)
    for await (const records of archive.records(hour, { mentions: tenantId })) {
      addCorrections(records.filter(isCorrection));
      const plain = records.filter((record) => !isCorrection(record));
      // Whether an hour was closed when its event came was the consumer's to judge: what it refused is in quarantine.
      const ofTenant = sortBatch(plain, meters, 0).tenants.get(tenantId);
      for (const { key, events } of ofTenant?.chunks.values() ?? [])
        add(
          key,
          events.filter((event) => {
            const record = plain[event.record];
            return record !== undefined && takes(key, event, record, event.line);
          }),
        );
    }
  return chunks;
};
