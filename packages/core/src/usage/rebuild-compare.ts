import { hourMs } from "./accept.ts";
import type { ShadowChunk } from "./archive-fold.ts";
import type { Fingerprint } from "./fingerprint.ts";
import { IdSet, idsIn } from "./id-set.ts";
import type { LiveChunk, UsageLedger } from "./rebuild.ts";

/** What is kept of one chunk and what the archive says. */
export type Difference = {
  readonly chunk: string;
  readonly hour: string;
  /** The series of users; null for the chunk of all other meters. */
  readonly series: string | null;
  readonly kept: string | null;
  readonly rebuilt: string;
  /** Ids in the archive that are not kept, and the other way round: how many, and the first of them in hexadecimals. */
  readonly missing: Ids;
  readonly surplus: Ids;
  /** Whether it changed while it was compared: look again later. */
  readonly unsettled: boolean;
};
type Ids = { readonly count: number; readonly first: readonly string[] };

const named = 20;

/** Null when they are equal. */
export const compareChunk = (
  ledger: Pick<UsageLedger, "pack">,
  kept: LiveChunk | undefined,
  shadow: ShadowChunk,
  voids: IdSet,
): Difference | null => {
  const rebuilt = ledger.pack(shadow.totals);
  const missing: string[] = [];
  const surplus: string[] = [];
  if (kept === undefined || kept.ids !== null) {
    const ids = new IdSet();
    for (const id of idsIn(kept?.ids ?? new Uint8Array(0))) {
      ids.add(id);
      if (!shadow.ids.has(id) && !voids.has(id)) surplus.push(hex(id));
    }
    for (const id of shadow.ids) if (!ids.has(id)) missing.push(hex(id));
  }
  if (kept?.packed === rebuilt && missing.length === 0 && surplus.length === 0) return null;
  const { hour, series } = shadow.key;
  return {
    chunk: `${hour} ${series ?? ""}`,
    hour: new Date(hour * hourMs).toISOString(),
    series: series ?? null,
    kept: kept?.packed ?? null,
    rebuilt,
    missing: { count: missing.length, first: missing.slice(0, named) },
    surplus: { count: surplus.length, first: surplus.slice(0, named) },
    unsettled: false,
  };
};

const hex = ({ hi, lo }: Fingerprint) => hi.toString(16).padStart(8, "0") + lo.toString(16).padStart(8, "0");
