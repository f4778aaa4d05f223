import { z } from "zod";
import type { Clock, Commit, NewId, Page, PageRequest, Registry } from "../ports.ts";
import type { TierName } from "../tenant/tier.ts";
import { dayMs } from "../usage/accept.ts";
import type { Usage, UsageQuery } from "../usage/read.ts";
import type { FinalizedInvoice } from "./invoice.ts";
import type { Month } from "./month.ts";
import type { Plan } from "./plan.ts";

/** The versions of plans that were made through the API. Those of the code are not among them. */
export interface Plans {
  /** In the order of their versions. Sees every finished write. */
  versions(tier: TierName): Promise<readonly Plan[]>;
  /** Returns false and writes nothing if the tier has this version. */
  add(plan: Plan, commit: Commit): Promise<boolean>;
}

/** Finalized invoices. One is written once and never changes. */
export interface Invoices {
  get(tenantId: string, month: Month): Promise<FinalizedInvoice | null>;
  /** Those of the months from one to another, both included, in the order of months. Sees every finished write. */
  between(tenantId: string, from: Month, to: Month): Promise<readonly FinalizedInvoice[]>;
  /** The latest month first. */
  list(tenantId: string, page: PageRequest): Promise<Page<FinalizedInvoice>>;
  /** The last number given among those of a year; 0 before the first. */
  lastNumber(year: string): Promise<number>;
  /** Writes the invoice and takes its place among the numbers of the year, or writes nothing. */
  finalize(invoice: FinalizedInvoice, place: number, commit: Commit): Promise<"finalized" | "exists" | "number-taken">;
  /** Some of those whose files have not been written, `limit` at most. */
  unexported(limit: number): Promise<readonly FinalizedInvoice[]>;
  /** Notes that the files are there. Idempotent. */
  exported(invoice: FinalizedInvoice): Promise<void>;
  /** Whether every tenant's month is finalized. */
  isClosed(month: Month): Promise<boolean>;
  /** Idempotent. */
  close(month: Month, at: string): Promise<void>;
}

/** Where finance finds invoices. Idempotent: the same invoice always makes the same files. */
export interface InvoiceFiles {
  put(invoice: FinalizedInvoice): Promise<void>;
}

/** How long after its end a month stays open for what comes late, in milliseconds. @param days such as `3` */
export const graceMsOf = (days: string): number => z.coerce.number().min(0).max(27).parse(days) * dayMs;

export type BillingPorts = {
  readonly registry: Pick<Registry, "getTenant" | "listTenants">;
  readonly plans: Plans;
  readonly invoices: Invoices;
  readonly meterNames: () => Promise<readonly string[]>;
  readonly readUsage: (query: UsageQuery) => Promise<Usage>;
  /** Milliseconds. */
  readonly graceMs: number;
  readonly clock: Clock;
  readonly newId: NewId;
};
