import type { Clock, Commit, NewId, Registry } from "../ports.ts";
import type { Usage, UsageQuery } from "../usage/read.ts";
import type { BillingAccount } from "./account.ts";
import type { CursorKey, ExportCursor } from "./cursor.ts";
import type { ExporterName, ExportTarget } from "./settings.ts";

export interface BillingAccounts {
  get(tenantId: string): Promise<BillingAccount | null>;
  put(account: BillingAccount, commit: Commit): Promise<void>;
  /** All of them. */
  list(): Promise<readonly BillingAccount[]>;
}

export interface ExportCursors {
  /** Sees every finished write. */
  get(key: CursorKey): Promise<ExportCursor | null>;
  /** Writes the cursor if the stored one has the version before. */
  save(key: CursorKey, cursor: ExportCursor): Promise<boolean>;
}

/** A record as it goes out. The same `id`, customer, name and instant are the same record, however often it is sent. */
export type ExportRecord = {
  readonly id: string;
  readonly customer: string;
  readonly name: string;
  readonly units: bigint;
  readonly at: Date;
};

/**
 * `taken`: it counts, now or since before. `refused`: it does not count and never will. `unknown`: it may count; the
 * same record has to be sent again.
 */
export type SendOutcome =
  | { readonly kind: "taken" }
  | { readonly kind: "refused" | "unknown"; readonly reason: string };

export interface UsageSink {
  readonly name: ExporterName;
  /** Records of one call, at most. */
  readonly batch: number;
  /** Milliseconds: so long after it was first sent the same record can be sent again and is known as such. */
  readonly resendMs: number;
  /** Whether a record says in which month usage was, even when that is over; else it says when it was sent. */
  readonly backdates: boolean;
  /** Outcomes in the order of the records. Rejects when nothing is known of any. */
  send(records: readonly ExportRecord[]): Promise<readonly SendOutcome[]>;
}

export type ExportPorts = {
  readonly accounts: BillingAccounts;
  readonly cursors: ExportCursors;
  readonly readUsage: (query: UsageQuery) => Promise<Usage>;
  readonly clock: Clock;
  readonly newId: NewId;
};

/** One exporter with what it is to export, by the meter's name. */
export type Exporter = {
  readonly sink: UsageSink;
  readonly meters: Readonly<Record<string, ExportTarget>>;
};

export type AccountPorts = Pick<ExportPorts, "accounts" | "clock" | "newId"> & {
  readonly registry: Pick<Registry, "getTenant">;
};
