import type { Rejection } from "./event.ts";
import type { Totals } from "./fold.ts";
import type { ChunkKey, Head } from "./pages.ts";

/** Where chunks are kept. */
export interface UsageChunks {
  /** The heads that exist, in the order of `keys`. May lag behind the latest write: every save is conditional. */
  heads(keys: readonly ChunkKey[]): Promise<(Head | null)[]>;
  /** The ids of pages `from` up to, without, `to`; each has been sealed. */
  sealed(key: ChunkKey, from: number, to: number): Promise<Uint8Array[]>;
  /** Stores a full page. Idempotent, for a full page never changes. */
  seal(key: ChunkKey, page: number, ids: Uint8Array): Promise<void>;
  /** Writes the head if the stored one still has the version before; otherwise gives the stored one. */
  save(key: ChunkKey, head: Head): Promise<{ saved: true } | { saved: false; current: Head | null }>;
}

/** Reads what the chunks come to. */
export interface UsageTotals {
  /** The hours from `from` up to, without, `to` that have any usage, in order. Sees every finished write. */
  hours(tenantId: string, from: number, to: number): Promise<{ readonly hour: number; readonly totals: Totals }[]>;
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
