import type { Clock } from "../ports.ts";
import { acceptBack, hourMs } from "./accept.ts";
import { arrivalHours } from "./arrivals.ts";
import { chunkName, foldArchive, type ShadowChunk } from "./archive-fold.ts";
import { chunkOf, correctionSource, isCorrection, parseCorrection, voidedIds } from "./correction.ts";
import { countOf, type Totals } from "./fold.ts";
import { IdSet } from "./id-set.ts";
import type { MeterTable } from "./meters.ts";
import type { ChunkKey, Counted } from "./pages.ts";
import type { UsageArchiveReader } from "./ports.ts";
import { isSetAside, type QuarantineEntry, type QuarantineList } from "./quarantine-entry.ts";
import { compareChunk, type Difference } from "./rebuild-compare.ts";
import { ownFingerprint } from "./voided-users.ts";
import type { HourRange } from "./window.ts";

/** A chunk as it is kept. */
export type LiveChunk = {
  readonly key: ChunkKey;
  readonly version: number;
  /** Its totals as they are stored. */
  readonly packed: string;
  /** All its ids, eight bytes each; null when some have expired. */
  readonly ids: Uint8Array | null;
  readonly arrivals: Uint8Array;
  /** Whether a void is about to change it. */
  readonly pending: boolean;
};

/** What is kept, apart from how the consumer sees it. */
export interface UsageLedger {
  /** A tenant's chunks of these hours, those of users too. Sees every finished write. */
  chunks(tenantId: string, range: HourRange, meters: MeterTable): Promise<LiveChunk[]>;
  /** Totals in the very form in which they would be stored. */
  pack(totals: Totals): string;
}

export type RebuildPorts = {
  readonly archive: UsageArchiveReader;
  readonly ledger: UsageLedger;
  readonly quarantine: Pick<QuarantineList, "list">;
  readonly clock: Clock;
};

export type RebuildReport = {
  readonly tenant_id: string;
  readonly from: string;
  readonly to: string;
  /** Whether every hour was read in which events could have arrived, or those in which any are known to have. */
  readonly full: boolean;
  readonly hours_read: number;
  readonly events: number;
  readonly chunks: number;
  readonly differences: readonly Difference[];
  /** Quarantined records whose batch failed midway: they may have been counted or not. */
  readonly in_doubt: readonly string[];
};

/**
 * Rebuilds what a tenant used in some hours from the archive, in the memory and by the naive fold, and compares it with
 * what is kept: totals byte for byte, and the ids one by one as long as they are kept. Writes nothing.
 *
 * Without `full` it reads the hours in which the chunks' own bits say that events arrived, and those around the range:
 * an event that was archived but never counted, weeks late, is seen with `full` only.
 */
export const rebuildUsage =
  ({ archive, ledger, quarantine, clock }: RebuildPorts) =>
  async (tenantId: string, range: HourRange, meters: MeterTable, full: boolean): Promise<RebuildReport> => {
    const live = await ledger.chunks(tenantId, range, meters);
    const arrivals = hoursToRead(range, live, full, Math.floor(clock().getTime() / hourMs));
    const setAside = await waitingIn(quarantine, arrivals);
    const voids = await voidsIn(archive, tenantId, meters, arrivals);
    const voidedUsers = new Map<string, IdSet>();
    // A void names an event; in a chunk of users it takes the user out unless another event of his is there.
    const isVoided = (key: ChunkKey, event: Counted): boolean => {
      const isOut = voids.get(chunkName({ tenantId, hour: key.hour }))?.has(ownFingerprint(event)) ?? false;
      if (!isOut || key.series === undefined) return isOut;
      const name = chunkName(key);
      voidedUsers.set(name, voidedUsers.get(name) ?? new IdSet());
      voidedUsers.get(name)?.add(event);
      return true;
    };
    const shadow = await foldArchive(archive, {
      tenantId,
      meters,
      arrivals,
      takes: (key, event, { position }, line) => {
        if (key.hour < range.from || key.hour >= range.to || isVoided(key, event)) return false;
        const entry = setAside.get(position);
        return entry === undefined || !isSetAside(entry, line);
      },
    });

    const voidsOf = (key: ChunkKey) => (key.series === undefined ? voids : voidedUsers).get(chunkName(key));

    const compared = (all: readonly LiveChunk[]): Difference[] => {
      const kept = new Map(all.map((chunk) => [chunkName(chunk.key), chunk]));
      const names = [...new Set([...kept.keys(), ...shadow.keys()])].toSorted();
      return names.flatMap((name) => {
        const chunk = shadow.get(name) ?? emptyShadow(kept.get(name));
        return compareChunk(ledger, kept.get(name), chunk, voidsOf(chunk.key) ?? new IdSet()) ?? [];
      });
    };
    let differences = compared(live);
    if (differences.length > 0) {
      // Consumers go on meanwhile: what moved since is not to be called wrong.
      const again = await ledger.chunks(tenantId, range, meters);
      const versions = new Map(live.map((chunk) => [chunkName(chunk.key), chunk.version]));
      const moved = new Set(
        again.flatMap(({ key, version, pending }) =>
          pending || versions.get(chunkName(key)) !== version ? [chunkName(key)] : [],
        ),
      );
      differences = compared(again).map((each) => ({ ...each, unsettled: moved.has(each.chunk) }));
    }
    return {
      tenant_id: tenantId,
      from: new Date(range.from * hourMs).toISOString(),
      to: new Date(range.to * hourMs).toISOString(),
      full,
      hours_read: arrivals.length,
      events: [...shadow.values()].reduce((sum, { totals }) => sum + countOf(totals), 0),
      chunks: shadow.size,
      differences,
      in_doubt: [...setAside.values()].filter(({ reasons }) => reasons.includes("batch-failed")).map(({ id }) => id),
    };
  };

const emptyShadow = (live: LiveChunk | undefined): ShadowChunk => {
  if (live === undefined) throw new Error("A chunk is in the archive or kept, or both.");
  return { key: live.key, totals: {}, ids: new IdSet() };
};

/** Events may be five minutes early, and the next hour has those that wait for a moment. */
const hoursToRead = (range: HourRange, live: readonly LiveChunk[], full: boolean, now: number): number[] => {
  const hours = new Set<number>();
  const end = full ? range.to + acceptBack / hourMs + 1 : range.to + 1;
  for (let hour = range.from - 1; hour < end; hour++) hours.add(hour);
  for (const { key, arrivals } of live) for (const hour of arrivalHours(key.hour, arrivals)) hours.add(hour);
  return [...hours].filter((hour) => hour <= now).toSorted((a, b) => a - b);
};

/** What of the records that arrived in these hours waits in quarantine, by position. */
const waitingIn = async (
  quarantine: Pick<QuarantineList, "list">,
  hours: readonly number[],
): Promise<Map<string, QuarantineEntry>> => {
  const days = new Set(hours.map((hour) => new Date(hour * hourMs).toISOString().slice(0, 10)));
  const waiting = new Map<string, QuarantineEntry>();
  for (const day of days) {
    let after: string | null = null;
    do {
      const page = await quarantine.list({ day, state: "waiting" }, { limit: 100, after });
      for (const entry of page.items) waiting.set(entry.position, entry);
      after = page.next;
    } while (after !== null);
  }
  return waiting;
};

/** The identities voided in each chunk. Voids lie in objects of their own. */
const voidsIn = async (
  archive: UsageArchiveReader,
  tenantId: string,
  meters: MeterTable,
  hours: readonly number[],
): Promise<Map<string, IdSet>> => {
  const voids = new Map<string, IdSet>();
  for (const hour of hours)
    for await (const records of archive.records(hour, { source: `${correctionSource}-`, mentions: tenantId }))
      for (const record of records.filter(isCorrection)) {
        const correction = parseCorrection(record);
        if (correction.type !== "void" || correction.tenant_id !== tenantId) continue;
        const name = chunkName(chunkOf(correction));
        let ids = voids.get(name);
        if (ids === undefined) voids.set(name, (ids = new IdSet()));
        for (const id of voidedIds(correction, meters)) ids.add(id);
      }
  return voids;
};
