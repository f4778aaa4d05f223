import { arrivalHours } from "./arrivals.ts";
import { foldArchive } from "./archive-fold.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { addTotals, countOf, type Totals } from "./fold.ts";
import { appendIds, idSetOf as setOf } from "./id-set.ts";
import type { MeterTable } from "./meters.ts";
import { addArrivals } from "./arrivals.ts";
import { allTotals, type ChunkKey, countIds, type Head } from "./pages.ts";
import { closedPeriods } from "./period.ts";
import type { Clock } from "../ports.ts";
import type { UsageArchiveReader, UsageChunks } from "./ports.ts";

export type VoidPorts = {
  readonly chunks: UsageChunks;
  readonly archive: UsageArchiveReader;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  readonly random: () => number;
};

/** What is to be voided: an event by one of these identities, and when the void arrived in the archive. */
export type VoidRequest = { readonly key: ChunkKey; readonly ids: readonly Fingerprint[]; readonly arrival: number };

/** Voids of one chunk, eight bytes each in its head: a correction by hand, not a way to undo a day. */
export const mostVoids = 256;

const attempts = 50;

/**
 * Takes events out of what a chunk comes to. Minima, maxima and last values cannot be subtracted from, so the chunk is
 * folded again from the archive without them, whatever its meters.
 *
 * Exact beside consumers that write the chunk at the same time, and however often it dies:
 *
 * 1. `mark`, one conditional write, adds the id to `voids` and splits the totals: those of all N ids so far become
 *    `stale`, and `totals` begins anew. The id stays among the ids, so that the event, if it comes again, is known.
 *    Consumers go on as ever: they add ids and fold them into `totals`, and carry the rest along. Whoever reads adds
 *    both parts, and so reads what was there before the void.
 * 2. Ids only ever join a chunk, at its end. So the first N ids are, now and later, exactly those that `stale` is the
 *    fold of. Each was archived before it was counted, in an hour that `arrivals` names; so the archive has them all,
 *    and the fold of those of them that are not in `voids` is what must stand in the place of `stale`. Should one be
 *    missing, the count tells, and nothing is replaced.
 * 3. A second conditional write puts that fold and the `totals` of the moment together. When a consumer was faster it is
 *    tried again with the new head and the same fold, for that concerns the first N ids only. When another void came
 *    in between, `stale` speaks of other ids and is folded anew.
 *
 * Both writes are the chunk's own compare-and-swap, so a write that is lost, or done twice, changes nothing.
 */
export const voidEvents = ({ chunks, archive, clock, sleep, random }: VoidPorts) => {
  const load = async (key: ChunkKey): Promise<Head | null> => (await chunks.heads([key]))[0] ?? null;

  const idsOf = async (key: ChunkKey, head: Head): Promise<Uint8Array> => {
    const pages = head.page === 0 ? [] : await chunks.sealed(key, 0, head.page);
    const ids = concatenate([...pages, head.ids]);
    if (ids.byteLength / 8 !== countIds(head)) throw new Error(`The chunk ${nameOf(key)} lacks a page of ids.`);
    return ids;
  };

  const save = (key: ChunkKey, head: Head) => chunks.save(key, head, closedPeriods(key.hour, clock().getTime()));

  /** Which of the identities the chunk knows, and whether it counts. */
  const look = async ({ key, ids }: Pick<VoidRequest, "key" | "ids">) => {
    const head = await load(key);
    return head === null ? { state: "unknown" as const } : lookIn(head, setOf(await idsOf(key, head)), ids);
  };

  /** Returns the head after the mark, or as it was when the mark stood already; null for an event that is unknown. */
  const mark = async ({ key, ids, arrival }: VoidRequest): Promise<Head | null> => {
    let head = await load(key);
    for (let attempt = 1; ; attempt++) {
      if (head === null) return null;
      const found = lookIn(head, setOf(await idsOf(key, head)), ids);
      if (found.state === "unknown") return null;
      if (found.state === "voided") return head;
      if (head.voids.byteLength / 8 >= mostVoids) throw new Error(`The chunk ${nameOf(key)} has too many voids.`);
      const next: Head = {
        ...head,
        version: head.version + 1,
        voids: appendIds(head.voids, [found.id]),
        arrivals: addArrivals(head.arrivals, [{ arrival }]),
        stale: { totals: allTotals(head), ids: countIds(head) },
        totals: {},
      };
      const result = await save(key, next);
      if (result.saved) return next;
      if (attempt === attempts) throw new Error(`Lost ${attempts} races for the chunk ${nameOf(key)}.`);
      await sleep(random() * 5 * attempt);
      head = result.current;
    }
  };

  /** The fold of what `stale` should be. */
  const refold = async (key: ChunkKey, head: Head, stale: number, meters: MeterTable): Promise<Totals> => {
    const counted = setOf((await idsOf(key, head)).subarray(0, stale * 8));
    const voids = setOf(head.voids);
    const folded = await foldArchive(archive, {
      tenantId: key.tenantId,
      meters,
      arrivals: arrivalHours(key.hour, head.arrivals),
      takes: ({ hour, series }, event) =>
        hour === key.hour && series === key.series && counted.has(event) && !voids.has(event),
    });
    const totals = [...folded.values()][0]?.totals ?? {};
    const wanted = stale - voids.size;
    if (countOf(totals) !== wanted)
      throw new Error(`Of ${wanted} events of ${nameOf(key)} the archive has ${countOf(totals)}.`);
    return totals;
  };

  /** Puts what the chunk comes to without its voids in the place of what is stale. @param marked the head since the mark */
  const settle = async (key: ChunkKey, marked: Head, meters: MeterTable): Promise<void> => {
    let head: Head = marked;
    for (let lost = 0; head.stale !== undefined;) {
      const { stale, voids } = head;
      const totals = await refold(key, head, stale.ids, meters);
      while (head.stale?.ids === stale.ids && head.voids.byteLength === voids.byteLength) {
        const next: Head = {
          ...head,
          version: head.version + 1,
          totals: addTotals(totals, head.totals),
          stale: undefined,
        };
        const result = await save(key, next);
        if (result.saved) return;
        if (result.current === null) throw new Error(`The chunk ${nameOf(key)} vanished.`);
        head = result.current;
        if (++lost >= attempts) throw new Error(`Lost ${attempts} races for the chunk ${nameOf(key)}.`);
        await sleep(random() * 5 * Math.min(lost, 20));
      }
    }
  };

  return { look, mark, settle };
};

const lookIn = (head: Head, known: ReturnType<typeof setOf>, ids: readonly Fingerprint[]) => {
  const id = ids.find((each) => known.has(each));
  if (id === undefined) return { state: "unknown" as const };
  return setOf(head.voids).has(id) ? { state: "voided" as const } : { state: "counted" as const, id };
};

const concatenate = (pages: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(pages.reduce((length, page) => length + page.byteLength, 0));
  let at = 0;
  for (const page of pages) {
    all.set(page, at);
    at += page.byteLength;
  }
  return all;
};

const nameOf = ({ tenantId, hour, series = "" }: ChunkKey) => `${tenantId}/${hour}/${series}`;
