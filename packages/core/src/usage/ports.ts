import type { Commit } from "../ports.ts";
import type { Rejection } from "./event.ts";
import type { Totals } from "./fold.ts";
import type { MeterList, Meters } from "./meters.ts";
import type { ChunkKey, Head } from "./pages.ts";
import type { Period, PeriodKind } from "./period.ts";

/** Where chunks are kept. */
export interface UsageChunks {
  /**
   * The heads that exist, in the order of `keys`. May lag behind the latest write, for every save is conditional;
   * `latest` sees every finished write.
   */
  heads(keys: readonly ChunkKey[], latest?: boolean): Promise<(Head | null)[]>;
  /** The ids of pages `from` up to, without, `to`; each has been sealed. */
  sealed(key: ChunkKey, from: number, to: number): Promise<Uint8Array[]>;
  /** Stores a full page. Idempotent, for a full page never changes. */
  seal(key: ChunkKey, page: number, ids: Uint8Array): Promise<void>;
  /**
   * Writes the head if the stored one still has the version before; otherwise gives the stored one. In the same
   * transaction, marks roll-ups of `closed` as out of date.
   */
  save(
    key: ChunkKey,
    head: Head,
    closed: readonly Period[],
  ): Promise<{ saved: true } | { saved: false; current: Head | null }>;
}

/** Reads what the chunks come to. Each method sees every finished write. */
export interface UsageTotals {
  /** The hours from `from` up to, without, `to` that have any usage, in order. Users are counted in chunks of their own. */
  hours(tenantId: string, from: number, to: number): Promise<HourTotals[]>;
  /** The chunks of a `unique` meter in these hours, in order of time. */
  users(tenantId: string, metric: string, from: number, to: number): Promise<UserChunk[]>;
  /** How far the roll-ups of periods that start in these hours are, as far as any was made or marked. */
  marks(tenantId: string, kind: PeriodKind, from: number, to: number): Promise<Marks[]>;
  /** The roll-ups of one meter over periods that start in these hours. */
  rollUps(tenantId: string, metric: string, kind: PeriodKind, from: number, to: number): Promise<RollUp[]>;
}

export type HourTotals = { readonly hour: number; readonly totals: Totals };

/** Users of one series in one hour. */
export type UserChunk = {
  readonly hour: number;
  readonly series: string;
  readonly count: number;
  /** The fingerprints of those who count, in the form of pages: the sealed ones are read when asked for. */
  readonly ids: () => Promise<readonly Uint8Array[]>;
};

/** `marks` grows with each write to a chunk of the period after its end. Up to `rolled` of them are in the roll-ups. */
export type Marks = { readonly from: number; readonly marks: number; readonly rolled: number | undefined };

/** What a meter came to in a period, after so many marks. */
export type RollUp = {
  readonly from: number;
  readonly marks: number;
  /** By series; of a `unique` meter by the names grouped by, joined with commas, and the group. */
  readonly totals: Totals;
};

/** Writes roll-ups. */
export interface UsageRollUps {
  /**
   * Stores what meters came to, unless newer is there, and then that all of the period is rolled up. Returns false if
   * there are more marks by now: then it is not, and has to be rolled up again.
   */
  save(tenantId: string, period: Period, marks: number, totals: ReadonlyMap<string, Totals>): Promise<boolean>;
}

/** The series with dimensions that a tenant may use in a month. They only ever become more. */
export type Admitted = { readonly version: number; readonly series: readonly string[] };

export interface SeriesStore {
  /** Sees every finished write. `month` is the first hour. */
  get(tenantId: string, month: number): Promise<Admitted>;
  /** Writes the list if the stored one still has the version before. */
  save(tenantId: string, month: number, admitted: Admitted): Promise<boolean>;
}

/** Where the definitions of meters are kept. */
export interface MeterStore extends Meters {
  load(): Promise<MeterList>;
  /** Writes the definitions if the stored ones still have the version before. */
  save(list: MeterList, commit: Commit): Promise<boolean>;
}

/** A record of the stream as it came. */
export type IncomingRecord = {
  /** Shard and sequence number: its place in the stream, the same at each delivery. */
  readonly position: string;
  readonly partitionKey: string;
  /** When the stream took it, in milliseconds. */
  readonly arrivedAt: number;
  /** As the stream gives it, in base64. */
  readonly data: string;
  /** Its text, unpacked if it was compressed; null if it cannot be read. */
  readonly text: string | null;
  /** Why it cannot be read. */
  readonly unreadable?: Rejection;
};

/** A record that could not be counted, or not whole. Lines are numbered from 1; a record of one event has line 1. */
export type RejectedRecord = {
  readonly record: IncomingRecord;
  readonly faults: readonly (Rejection & { readonly line: number })[];
};

/** Where batches are kept as they came in. Idempotent: a batch that comes again may be written again. */
export interface UsageArchive {
  put(records: readonly IncomingRecord[]): Promise<void>;
}

/** Reads the archive. */
export interface UsageArchiveReader {
  /**
   * The records that arrived in an hour (since 1970, UTC), an object at a time.
   *
   * @param only.source how the names of the objects begin: the shard
   * @param only.mentions records that have this text somewhere, whatever it means there
   */
  records(
    hour: number,
    only: { readonly source?: string; readonly mentions: string },
  ): AsyncIterable<readonly IncomingRecord[]>;
}

/** Where records that cannot be counted are set aside, whole. Idempotent like the archive. */
export interface Quarantine {
  /** Returns how many of them were not there yet. */
  put(rejected: readonly RejectedRecord[]): Promise<number>;
}
