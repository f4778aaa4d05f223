import { IdSet } from "./id-set.ts";
import {
  type ChunkKey,
  countIds,
  type Counted,
  emptyHead,
  type Head,
  nextStep,
  type PageLimits,
  pageLimits,
} from "./pages.ts";
import { closedPeriods } from "./period.ts";
import type { Clock } from "../ports.ts";
import type { UsageChunks } from "./ports.ts";
import { withVoided } from "./voided-users.ts";

export type ChunkWriterPorts = {
  readonly chunks: UsageChunks;
  readonly clock: Clock;
  /** Waits so many milliseconds. */
  readonly sleep: (ms: number) => Promise<void>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
};

export type ChunkWriterOptions = {
  readonly limits?: PageLimits;
  /** Bytes of ids to remember between batches. */
  readonly memory?: number;
  /** Lost races in a row after which the events go back to the stream. */
  readonly attempts?: number;
};

/**
 * What a warm consumer knows of a chunk: a head that was or is the stored one, and all the ids it stands for. Ids only
 * ever join a chunk, so an old head can miss some, which the versioned write finds out, but never has one too many.
 */
type Known = {
  head: Head;
  readonly ids: IdSet;
  /** Pages below this one are in `ids` whole. */
  pages: number;
};

export type ChunkWriter = {
  /** Learns the heads of these chunks with few reads, if it does not know them yet. */
  prepare(keys: readonly ChunkKey[]): Promise<void>;
  /**
   * Counts each event that the chunk does not have yet. When it throws, some may have been counted: call it again with
   * the same events.
   */
  count(key: ChunkKey, events: readonly Counted[]): Promise<{ counted: number; duplicates: number }>;
};

/**
 * Counts events into chunks by compare-and-swap. Several writers may work on one chunk at a time, die at any point
 * and get the same events again: each is counted once.
 */
export const chunkWriter = (ports: ChunkWriterPorts, options: ChunkWriterOptions = {}): ChunkWriter => {
  const { chunks, clock, sleep, random } = ports;
  const limits = options.limits ?? pageLimits;
  const memory = options.memory ?? 64 * 1024 * 1024;
  const attempts = options.attempts ?? 12;
  const known = new Map<string, Known>();
  /** Chunks of users whose heads were read after the batch had been archived, and are not counted yet. */
  const current = new Set<string>();
  let used = 0;

  /** Puts the chunk last in line to be forgotten; who is where in it matters only when memory begins to run out. */
  const remember = (name: string, chunk: Known) => {
    if (used <= memory / 2 && known.get(name) === chunk) return;
    known.delete(name);
    known.set(name, chunk);
  };

  /** Forgets the chunks that were not used for the longest time. */
  const trim = () => {
    if (used <= memory) return;
    for (const [name, chunk] of known) {
      if (used <= memory) return;
      forget(name, chunk);
    }
  };

  const forget = (name: string, chunk: Known) => {
    if (known.get(name) !== chunk) return;
    used -= chunk.ids.bytes;
    known.delete(name);
  };

  const addIds = (name: string, chunk: Known, add: () => void) => {
    const before = chunk.ids.bytes;
    add();
    if (known.get(name) === chunk) used += chunk.ids.bytes - before;
  };

  /** Takes in a head that was read, and the pages that were sealed since. */
  const learn = async (key: ChunkKey, name: string, chunk: Known, head: Head): Promise<void> => {
    if (head.version <= chunk.head.version) return;
    const pages = head.page > chunk.pages ? await chunks.sealed(key, chunk.pages, head.page) : [];
    addIds(name, chunk, () => {
      for (const page of pages) chunk.ids.addPage(page);
      chunk.ids.addPage(head.ids);
    });
    // The totals tell how many ids there must be: without a page its events would count again.
    if (chunk.ids.size < countIds(head)) {
      forget(name, chunk);
      throw new Error(`The chunk ${name} lacks a page of ids.`);
    }
    advance(chunk, head);
  };

  const meet = async (key: ChunkKey, name: string, head: Head | null): Promise<Known> => {
    const chunk: Known = { head: emptyHead, ids: new IdSet(), pages: 0 };
    if (head !== null) await learn(key, name, chunk, head);
    const other = known.get(name);
    if (other !== undefined) return other;
    remember(name, chunk);
    used += chunk.ids.bytes;
    return chunk;
  };

  /** What cannot be read now is read again, by itself, where it is counted: one bad chunk must not hold up the rest. */
  const meetAll = async (keys: readonly ChunkKey[], latest: boolean, met: (name: string) => void = () => undefined) => {
    const heads = keys.length === 0 ? [] : await chunks.heads(keys, latest).catch(() => []);
    await Promise.allSettled(
      heads.map(async (head, index) => {
        const key = keys[index];
        if (key === undefined) return;
        await refresh(key, nameOf(key), head);
        met(nameOf(key));
      }),
    );
  };

  const refresh = async (key: ChunkKey, name: string, head: Head | null): Promise<Known> => {
    const chunk = await meet(key, name, known.has(name) ? null : head);
    if (head !== null) await learn(key, name, chunk, head);
    return chunk;
  };

  /** A head that is no older than this call. */
  const latest = async (key: ChunkKey, name: string) =>
    refresh(key, name, (await chunks.heads([key], true))[0] ?? null);

  return {
    async prepare(keys) {
      const ofEvents = keys.filter((key) => key.series === undefined && !known.has(nameOf(key)));
      const ofUsers = keys.filter(({ series }) => series !== undefined);
      for (const key of ofUsers) current.delete(nameOf(key));
      await Promise.all([meetAll(ofEvents, false), meetAll(ofUsers, true, (name) => current.add(name))]);
    },

    async count(key, events) {
      const name = nameOf(key);
      let chunk = known.get(name);
      if (chunk === undefined) chunk = await meet(key, name, (await chunks.heads([key]))[0] ?? null);
      remember(name, chunk);
      // Who is known may have been voided since the head was read, so that this very event counts.
      if (key.series !== undefined && !current.delete(name)) chunk = await latest(key, name);
      let left = withoutRepeats(events);
      let counted = 0;
      for (let lost = 0; ;) {
        // Another count of this process may have moved the chunk on while this one waited, so look again each time.
        left = unknownTo(chunk, left);
        const { head, revived } = withVoided(key, chunk.head, events);
        if (left.length === 0 && head === chunk.head) break;
        const step = nextStep(head, left, limits);
        if (step.seal !== undefined) await chunks.seal(key, step.seal.page, step.seal.ids);
        const result = await chunks.save(key, step.head, closedPeriods(key.hour, clock().getTime()));
        if (result.saved) {
          const before = chunk.ids.bytes;
          chunk.ids.addAll(left, step.taken);
          if (known.get(name) === chunk) used += chunk.ids.bytes - before;
          advance(chunk, step.head);
          counted += step.taken + revived;
          lost = 0;
          continue;
        }
        lost++;
        if (lost >= attempts) throw new Error(`Lost ${lost} races for the chunk ${name}.`);
        if (result.current === null) {
          forget(name, chunk);
          throw new Error(`The chunk ${name} vanished.`);
        }
        await learn(key, name, chunk, result.current);
        if (lost > 1) await sleep(random() * Math.min(1000, 5 * 2 ** lost));
      }
      trim();
      return { counted, duplicates: events.length - counted };
    },
  };
};

/** Moves on to a head all of whose ids are in `chunk.ids`, unless the chunk is further already. */
const advance = (chunk: Known, head: Head) => {
  if (head.version <= chunk.head.version) return;
  chunk.head = head;
  chunk.pages = head.page;
};

const nameOf = ({ tenantId, hour, series }: ChunkKey) =>
  series === undefined ? `${tenantId}/${hour}` : `${tenantId}/${hour}/${series}`;

/** The very same list where all of them are, as mostly. */
const unknownTo = ({ ids }: Known, events: readonly Counted[]): readonly Counted[] => {
  for (const event of events) if (ids.has(event)) return events.filter((one) => !ids.has(one));
  return events;
};

/** Up to so many events are compared with each other: that takes less than a set of them. */
const few = 16;

/** Each event once: the first of those with the same id. */
const withoutRepeats = (events: readonly Counted[]): readonly Counted[] => {
  if (events.length <= few && !hasRepeats(events)) return events;
  const seen = new IdSet();
  return events.filter((event) => seen.add(event));
};

const hasRepeats = (events: readonly Counted[]): boolean => {
  for (let at = 1; at < events.length; at++) {
    const { hi, lo } = events[at]!;
    for (let before = 0; before < at; before++) {
      const other = events[before]!;
      if (other.lo === lo && other.hi === hi) return true;
    }
  }
  return false;
};
