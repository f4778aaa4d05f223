import type { FoldedEvent } from "./aggregate.ts";
import { addArrivals, type Arrivals, noArrivals } from "./arrivals.ts";
import { addTotals, countOf, foldEvents, type Totals } from "./fold.ts";
import { appendIds } from "./id-set.ts";

/**
 * A chunk: what one tenant used in one hour, in hours since 1970 UTC. A series of a `unique` meter has a chunk of its
 * own, in which a user's fingerprint is the id: so the count of ids is the count of users.
 */
export type ChunkKey = { readonly tenantId: string; readonly hour: number; readonly series?: string };

/** An event ready to be counted. */
export type Counted = FoldedEvent & {
  /** When it arrived, as a bit of the head's `arrivals`. */
  readonly arrival: number;
  /** Of an event of a `unique` meter, whose fingerprint is its user's: the identity of the event itself. */
  readonly own?: EventIdentity | undefined;
};

/** What an event's own fingerprint is made of, for whoever needs it. */
export type EventIdentity = { readonly text: string; readonly meter: number; readonly line: number };

/**
 * The head of a chunk: its totals, and the page of ids that is still open. Pages below `page` are sealed, each in an
 * item of its own that never changes. Invariant: `totals` is the fold of exactly the events whose ids stand in the
 * sealed pages and in `ids`, without those in `voids`; all change in one conditional write. While there is `stale`, it
 * is the fold of the first so many ids as they counted before the last voids, and `totals` that of the ids since.
 */
export type Head = {
  /** Grows by one with each write; 0 has never been written. */
  readonly version: number;
  readonly page: number;
  /** Eight bytes an id. */
  readonly ids: Uint8Array;
  readonly totals: Totals;
  /** In which hours its events arrived. */
  readonly arrivals: Arrivals;
  /** Ids of events that were voided, eight bytes each. They stay among the ids. */
  readonly voids: Uint8Array;
  readonly stale?: { readonly totals: Totals; readonly ids: number } | undefined;
  /** Of a chunk of users: the voided events, eight bytes each. Its `voids` are users who have no other event. */
  readonly voidedEvents?: Uint8Array | undefined;
};

/** What a chunk comes to, for whoever reads it. */
export const allTotals = ({ totals, stale }: Pick<Head, "totals" | "stale">): Totals =>
  stale === undefined ? totals : addTotals(stale.totals, totals);

/** How many ids a chunk has. */
export const countIds = ({ totals, stale, voids }: Pick<Head, "totals" | "stale" | "voids">): number =>
  countOf(totals) + (stale === undefined ? voids.byteLength / 8 : stale.ids);

export type PageLimits = {
  /** A page of at least so many ids is full: it never changes again and makes way for the next. */
  readonly full: number;
  /** No write takes a page beyond so many ids. */
  readonly most: number;
};

/**
 * With 96 ids a head stays within 1 KB, one write unit. A batch with more for one chunk fills a page at once up to
 * 4,096 ids, 32 KB: far from an item's 400 KB, and few round trips for a tenant with thousands of events a second.
 */
export const pageLimits: PageLimits = { full: 96, most: 4096 };

export const emptyHead: Head = {
  version: 0,
  page: 0,
  ids: new Uint8Array(0),
  totals: {},
  arrivals: noArrivals,
  voids: new Uint8Array(0),
};

export type Step = {
  /** The full page that must be stored before the head moves on to the next one. */
  readonly seal: { readonly page: number; readonly ids: Uint8Array } | undefined;
  /** What replaces the head that this step started from. */
  readonly head: Head;
  /** How many of the events it takes, from the first; the rest need another step. */
  readonly taken: number;
};

/**
 * The next write of a chunk. Pure: the same head and events give the same step, so it can be tried again.
 *
 * @param fresh events none of which is in the chunk, each once
 */
export const nextStep = (head: Head, fresh: readonly Counted[], limits: PageLimits = pageLimits): Step => {
  const isFull = head.ids.byteLength / 8 >= limits.full;
  const open = isFull ? new Uint8Array(0) : head.ids;
  const taken = Math.min(fresh.length, limits.most - open.byteLength / 8);
  const events = taken === fresh.length ? fresh : fresh.slice(0, taken);
  return {
    seal: isFull ? { page: head.page, ids: head.ids } : undefined,
    // By name: to spread it takes longer than all else here.
    head: {
      version: head.version + 1,
      page: isFull ? head.page + 1 : head.page,
      ids: appendIds(open, events),
      totals: foldEvents(head.totals, events),
      arrivals: addArrivals(head.arrivals, events),
      voids: head.voids,
      stale: head.stale,
      voidedEvents: head.voidedEvents,
    },
    taken,
  };
};
