import { arrivalOf } from "./arrivals.ts";
import { isRejection, parseEvent, type Rejection, type UsageEvent } from "./event.ts";
import { fingerprint } from "./fingerprint.ts";
import type { MeterTable } from "./meters.ts";
import type { ChunkKey, Counted, EventIdentity } from "./pages.ts";
import { periodOf } from "./period.ts";
import type { IncomingRecord } from "./ports.ts";

/** An event, and where in the batch it came from. */
export type BatchEvent = Counted & { readonly record: number; readonly line: number };

/** The events of a batch that belong to one chunk. */
export type ChunkEvents = {
  readonly key: ChunkKey;
  events: BatchEvent[];
};

/** What a batch has of one tenant. */
export type TenantEvents = {
  /** By hour; those of a unique meter by hour and series. */
  readonly chunks: Map<number | string, ChunkEvents>;
  /** The series with dimensions by month (its first hour). Each must be admitted before an event of it counts. */
  readonly series: Map<number, Set<string>>;
  /** The chunk that the last event by hour went to: mostly the next one goes there too. */
  recent?: ChunkEvents;
};

export type Fault = Rejection & { readonly record: number; readonly line: number };

/** A batch sorted: events by tenant and chunk, and what is wrong with the rest. */
export type SortedBatch = {
  readonly tenants: ReadonlyMap<string, TenantEvents>;
  readonly faults: Fault[];
};

/** Months of the hours met, for events come from few. */
const monthCache = new Map<number, number>();
/** The first hour of an hour's month. */
export const monthOf = (hour: number): number => {
  let month = monthCache.get(hour);
  if (month === undefined) {
    month = periodOf("month", hour).from;
    if (monthCache.size >= 2000) monthCache.clear();
    monthCache.set(hour, month);
  }
  return month;
};

const ownOf = (id: string | undefined, { position }: IncomingRecord, meter: number, line: number): EventIdentity =>
  id === undefined ? { text: position, meter, line } : { text: id, meter, line: 0 };

/** Sorts a batch. A record holds one event, or several as JSON lines. */
export const sortBatch = (records: readonly IncomingRecord[], meters: MeterTable, now: number): SortedBatch => {
  const tenants = new Map<string, TenantEvents>();
  const faults: Fault[] = [];

  const take = (event: UsageEvent, record: IncomingRecord, index: number, line: number) => {
    const { tenantId, meter, series, hour, micros, at, id, user } = event;
    let tenant = tenants.get(tenantId);
    if (tenant === undefined) {
      tenant = { chunks: new Map(), series: new Map() };
      tenants.set(tenantId, tenant);
    }
    if (series !== meter.name) {
      const month = monthOf(hour);
      const met = tenant.series.get(month);
      if (met === undefined) tenant.series.set(month, new Set([series]));
      else met.add(series);
    }
    const isUnique = meter.aggregation === "unique";
    let chunk = tenant.recent;
    if (chunk === undefined || isUnique || chunk.key.hour !== hour) {
      const place = isUnique ? `${hour} ${series}` : hour;
      chunk = tenant.chunks.get(place);
      if (chunk === undefined) {
        const key = isUnique ? { tenantId, hour, series } : { tenantId, hour };
        tenant.chunks.set(place, (chunk = { key, events: [] }));
      }
      if (!isUnique) tenant.recent = chunk;
    }
    const { hi, lo } =
      isUnique && user !== undefined
        ? fingerprint(user, meter.number)
        : id === undefined
          ? fingerprint(record.position, meter.number, line)
          : fingerprint(id, meter.number);
    chunk.events.push({
      hi,
      lo,
      series,
      kind: meter.aggregation,
      micros,
      at,
      arrival: arrivalOf(hour, record.arrivedAt),
      record: index,
      line,
      own: isUnique ? ownOf(id, record, meter.number, line) : undefined,
    });
  };

  // Not by entries(), which would make a pair for each.
  for (let index = 0; index < records.length; index++) {
    const record = records[index]!;
    const { text } = record;
    if (text === null) {
      const unreadable = record.unreadable ?? { reason: "not-utf8", detail: "The record is not UTF-8." };
      faults.push({ record: index, line: 1, ...unreadable });
      continue;
    }
    const event = parseEvent(text, meters, record.arrivedAt, now);
    if (!isRejection(event)) {
      take(event, record, index, 1);
      continue;
    }
    const lines = event.reason === "not-json" ? text.split("\n") : [];
    if (lines.length <= 1) {
      faults.push({ record: index, line: 1, ...event });
      continue;
    }
    for (const [at, each] of lines.entries()) {
      if (each.trim() === "") continue;
      const packed = parseEvent(each, meters, record.arrivedAt, now);
      if (isRejection(packed)) faults.push({ record: index, line: at + 1, ...packed });
      else take(packed, record, index, at + 1);
    }
  }
  return { tenants, faults };
};
