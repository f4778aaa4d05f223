import { isRejection, parseEvent, type Rejection, type UsageEvent } from "./event.ts";
import { fingerprint } from "./fingerprint.ts";
import { meterNames } from "./meters.ts";
import type { ChunkKey, Counted } from "./pages.ts";
import type { IncomingRecord } from "./ports.ts";

/** An event, and where in the batch it came from. */
export type BatchEvent = Counted & { readonly record: number; readonly line: number };

/** The events of a batch that belong to one chunk. */
export type ChunkEvents = {
  readonly key: ChunkKey;
  readonly events: BatchEvent[];
};

export type Fault = Rejection & { readonly record: number; readonly line: number };

/** A batch sorted: events by tenant and hour, and what is wrong with the rest. */
export type SortedBatch = {
  /** Tenant to hour to events. */
  readonly tenants: ReadonlyMap<string, ReadonlyMap<number, ChunkEvents>>;
  readonly faults: Fault[];
};

const meterIndex = Object.fromEntries(meterNames.map((name, index) => [name, index]));

/** Sorts a batch. A record holds one event, or several as JSON lines. */
export const sortBatch = (records: readonly IncomingRecord[], now: number): SortedBatch => {
  const tenants = new Map<string, Map<number, ChunkEvents>>();
  const faults: Fault[] = [];

  const take = (event: UsageEvent, record: IncomingRecord, index: number, line: number) => {
    let hours = tenants.get(event.tenantId);
    if (hours === undefined) tenants.set(event.tenantId, (hours = new Map<number, ChunkEvents>()));
    let chunk = hours.get(event.hour);
    if (chunk === undefined)
      hours.set(event.hour, (chunk = { key: { tenantId: event.tenantId, hour: event.hour }, events: [] }));
    const meter = meterIndex[event.metric] ?? 0;
    const { metric, micros, id } = event;
    const { hi, lo } = id === undefined ? fingerprint(record.position, meter, line) : fingerprint(id, meter);
    chunk.events.push({ hi, lo, metric, micros, record: index, line });
  };

  for (const [index, record] of records.entries()) {
    const { text } = record;
    if (text === null) {
      const unreadable = record.unreadable ?? { reason: "not-utf8", detail: "The record is not UTF-8." };
      faults.push({ record: index, line: 1, ...unreadable });
      continue;
    }
    const event = parseEvent(text, record.arrivedAt, now);
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
      const packed = parseEvent(each, record.arrivedAt, now);
      if (isRejection(packed)) faults.push({ record: index, line: at + 1, ...packed });
      else take(packed, record, index, at + 1);
    }
  }
  return { tenants, faults };
};
