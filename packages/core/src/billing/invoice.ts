import { z } from "zod";
import { TenantId } from "../ids.ts";
import { tierNames } from "../tenant/tier.ts";
import { Instant } from "../time.ts";
import { Currency } from "./money.ts";
import { Month } from "./month.ts";
import { Plan } from "./plan.ts";

/** Money as text with the currency's places, or more where it is exact and not rounded. */
const Amount = z.string().regex(/^-?\d+(\.\d+)?$/);
const Units = z.string().regex(/^-?\d+(\.\d{1,6})?$/);

export const InvoiceBucket = z.strictObject({
  start: Instant,
  end: Instant,
  value: Units,
  count: z.int().min(0),
  final: z.boolean(),
});
export type InvoiceBucket = z.infer<typeof InvoiceBucket>;

/** What an adjustment changes: a line of an earlier month as it was billed, and as it is now. */
export const Adjustment = z.strictObject({
  month: Month,
  /** The number of that month's invoice. */
  number: z.string(),
  quantity_before: Units.nullable(),
  quantity_after: Units.nullable(),
  amount_before: Amount,
  amount_after: Amount,
});
export type Adjustment = z.infer<typeof Adjustment>;

export const InvoiceLine = z.strictObject({
  /** The charge's id in the plan, or `minimum`. */
  charge: z.string(),
  kind: z.enum(["flat", "per_unit", "graduated", "volume", "minimum", "adjustment"]),
  description: z.string(),
  meter: z.string().nullable(),
  unit: z.string().nullable(),
  /** What was used in the month; of an adjustment what was not billed yet. */
  quantity: Units.nullable(),
  included: Units.nullable(),
  steps: z.array(z.strictObject({ quantity: Units, unit_price: Amount, amount: Amount })),
  proration: z.strictObject({ days: z.int().min(1), of: z.int().min(28) }).nullable(),
  adjusts: Adjustment.nullable(),
  amount: Amount,
  /** The days that were used in. */
  buckets: z.array(InvoiceBucket),
});
export type InvoiceLine = z.infer<typeof InvoiceLine>;

/** A month of a tenant. A draft is worked out when it is asked for; a finalized invoice is stored and never changes. */
export const Invoice = z.strictObject({
  tenant_id: TenantId,
  month: Month,
  status: z.enum(["draft", "finalized"]),
  /** Numbers of a year have no gaps. Null for a draft. */
  number: z.string().nullable(),
  tier: z.enum(tierNames),
  /** The plan as it was billed by. */
  plan: Plan,
  currency: Currency,
  lines: z.array(InvoiceLine),
  total: Amount,
  /** Usage was read then; what comes later is in the next month's adjustments. */
  as_of: Instant,
  /** From then on the month can be finalized. */
  closes_at: Instant,
  finalized_at: Instant.nullable(),
});
export type Invoice = z.infer<typeof Invoice>;
export type FinalizedInvoice = Invoice & { readonly number: string; readonly finalized_at: string };
