import { addArrivals, arrivalHours } from "./arrivals.ts";
import { foldArchive } from "./archive-fold.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { idSetOf } from "./id-set.ts";
import type { MeterTable } from "./meters.ts";
import type { ChunkKey, Counted, Head } from "./pages.ts";
import { closedPeriods } from "./period.ts";
import type { UsageTotals } from "./ports.ts";
import { mostVoids, type VoidPorts } from "./void-events.ts";
import { ownFingerprint, revive, voidUser } from "./voided-users.ts";

export type VoidUsersPorts = VoidPorts & { readonly totals: Pick<UsageTotals, "users"> };

/** An event of a `unique` meter by its hour and its identities, of which one is the producer's. */
export type UsersVoid = {
  readonly tenantId: string;
  readonly hour: number;
  readonly metric: string;
  readonly ids: readonly Fingerprint[];
};

/** Where an event stands that is to be voided: in the chunk of its series, for its user. */
type Found = { readonly key: ChunkKey; readonly user: Fingerprint; readonly event: Fingerprint };

const attempts = 50;

/**
 * Takes an event out of a `unique` meter: its user counts on only if another event of his in that hour and series does.
 * A chunk of users knows users, not their events, so it is the archive that says.
 *
 * Exact beside consumers that write the chunk at the same time, and however often it dies. Let U be the user:
 *
 * 1. One conditional write puts the event among `voidedEvents`, and U among `voids` with one user less.
 * 2. The archive is read for other events of those in `voids`; who has one counts again, in a conditional write. When
 *    that loses its race, it is tried again on the new head; when another event was voided meanwhile, it is read anew.
 *
 * Say U has another event. Its consumer archived it, and only then read the head or wrote it. If it read U as counted,
 * it read before step 1, so step 2 finds the event in the archive, in an hour that the head's `arrivals` name: whoever
 * meets an hour that is not there writes it, though the user is known. If it read after step 1, it found U among
 * `voids` and counted him again by itself. After step 1 users only ever come back, so the two cannot undo each other.
 */
export const voidUsers = ({ chunks, archive, clock, sleep, random, totals }: VoidUsersPorts) => {
  const load = async (key: ChunkKey): Promise<Head | null> => (await chunks.heads([key], true))[0] ?? null;

  const save = (key: ChunkKey, head: Head) =>
    chunks.save(key, { ...head, version: head.version + 1 }, closedPeriods(key.hour, clock().getTime()));

  /** The archive's events of an hour that are asked for, in whatever series. */
  const search = async (
    tenantId: string,
    meters: MeterTable,
    arrivals: readonly number[],
    take: (key: ChunkKey, event: Counted) => void,
  ): Promise<void> => {
    await foldArchive(archive, {
      tenantId,
      meters,
      arrivals,
      takes: (key, event) => {
        if (key.series !== undefined) take(key, event);
        return false;
      },
    });
  };

  /** Where the event stands; nowhere when it is unknown. Of one id there is one event, or else all are meant. */
  const find = async ({ tenantId, hour, metric, ids }: UsersVoid, meters: MeterTable): Promise<Found[]> => {
    const keys = (await totals.users(tenantId, metric, hour, hour + 1)).map(({ series }) => ({
      tenantId,
      hour,
      series,
    }));
    const heads = await chunks.heads(keys, true);
    const hours = new Set(heads.flatMap((head) => (head === null ? [] : arrivalHours(hour, head.arrivals))));
    const series = new Set(keys.map((key) => key.series));
    const found = new Map<string, Found>();
    await search(tenantId, meters, [...hours], (key, counted) => {
      if (key.hour !== hour || !series.has(key.series ?? "")) return;
      const event = ownFingerprint(counted);
      if (!ids.some(({ hi, lo }) => hi === event.hi && lo === event.lo)) return;
      const user = { hi: counted.hi, lo: counted.lo };
      found.set(`${key.series} ${user.hi} ${user.lo}`, { key, user, event });
    });
    return [...found.values()];
  };

  /** Whether the event counts, was voided, or is unknown. */
  const look = async (request: UsersVoid, meters: MeterTable): Promise<{ state: "unknown" | "voided" | "counted" }> => {
    const found = await find(request, meters);
    const heads = await chunks.heads(
      found.map(({ key }) => key),
      true,
    );
    if (found.length === 0) return { state: "unknown" };
    const isVoided = found.every(({ event }, at) => idSetOf(heads[at]?.voidedEvents ?? new Uint8Array(0)).has(event));
    return { state: isVoided ? "voided" : "counted" };
  };

  const mark = async ({ key, user, event }: Found, arrival: number): Promise<void> => {
    for (let attempt = 1; ; attempt++) {
      const head = await load(key);
      if (head === null) throw new Error("The chunk of the event vanished.");
      const voided = head.voidedEvents ?? new Uint8Array(0);
      if (idSetOf(voided).has(event)) return;
      if (voided.byteLength / 8 >= mostVoids) throw new Error(`The chunk ${key.series} has too many voids.`);
      const next = voidUser(head, key.series ?? "", user, event);
      const result = await save(key, { ...next, arrivals: addArrivals(next.arrivals, [{ arrival }]) });
      if (result.saved) return;
      if (attempt === attempts) throw new Error(`Lost ${attempts} races for the chunk ${key.series}.`);
      await sleep(random() * 5 * attempt);
    }
  };

  /** Brings back whoever has another event. */
  const settle = async (key: ChunkKey, meters: MeterTable): Promise<void> => {
    let lost = 0;
    for (let head = await load(key); head !== null && head.voids.byteLength > 0;) {
      const voided = head.voidedEvents ?? new Uint8Array(0);
      const [users, events] = [idSetOf(head.voids), idSetOf(voided)];
      const alive: Fingerprint[] = [];
      await search(key.tenantId, meters, arrivalHours(key.hour, head.arrivals), (place, event) => {
        if (place.hour !== key.hour || place.series !== key.series) return;
        if (users.has(event) && !events.has(ownFingerprint(event))) alive.push(event);
      });
      for (; head !== null && head.voidedEvents?.byteLength === voided.byteLength; head = await load(key)) {
        const next = revive(head, key.series ?? "", alive);
        if (next === head || (await save(key, next)).saved) return;
        if (++lost >= attempts) throw new Error(`Lost ${attempts} races for the chunk ${key.series}.`);
        await sleep(random() * 5 * lost);
      }
    }
  };

  /** Takes the event out wherever it stands. @throws Error when it is not there, or cannot be taken out now */
  const apply = async (request: UsersVoid, arrival: number, meters: MeterTable): Promise<void> => {
    const found = await find(request, meters);
    if (found.length === 0) throw new Error("The event that is to be voided is not there.");
    for (const each of found) await mark(each, arrival);
    for (const each of found) await settle(each.key, meters);
  };

  return { look, apply };
};
