import type { Tenant } from "../tenant/tenant.ts";
import { adjustmentsOf, type EarlierMonth } from "./adjust.ts";
import type { Invoice, InvoiceBucket, InvoiceLine } from "./invoice.ts";
import { moneyText } from "./money.ts";
import { daysIn, endOf, type Month, monthOf } from "./month.ts";
import type { Plan } from "./plan.ts";
import { type PricedCharge, priceMonth, type Proration, totalOf } from "./price.ts";

/** What a meter counted in a month. */
export type MeterMonth = {
  readonly unit: string;
  readonly micros: bigint;
  /** Of days, those without usage left out. */
  readonly buckets: readonly InvoiceBucket[];
};

/** By the meter's name. */
export type MonthUsage = ReadonlyMap<string, MeterMonth>;

/** The part of a month that a tenant is there for: the month in which it was made counts from that day on, that day too. */
export const prorationOf = (tenant: Pick<Tenant, "created_at">, month: Month): Proration | null => {
  if (monthOf(tenant.created_at) !== month) return null;
  const of = daysIn(month);
  const days = of - new Date(tenant.created_at).getUTCDate() + 1;
  return days === of ? null : { days, of };
};

export const microsOf = (usage: MonthUsage): ReadonlyMap<string, bigint> =>
  new Map([...usage].map(([meter, { micros }]) => [meter, micros]));

/**
 * A tenant's month as a draft: the month's own lines, then what earlier months, finalized already, turned out to differ
 * by. The total is the sum of the lines.
 */
export const composeInvoice = (input: {
  readonly tenant: Pick<Tenant, "id" | "tier" | "created_at">;
  readonly month: Month;
  readonly plan: Plan;
  readonly usage: MonthUsage;
  readonly earlier: readonly EarlierMonth[];
  readonly asOf: Date;
  readonly graceMs: number;
}): Invoice => {
  const { tenant, month, plan, usage, earlier, asOf, graceMs } = input;
  const priced = priceMonth(plan, microsOf(usage), prorationOf(tenant, month));
  const lines = [...priced.map((charge) => lineOf(charge, usage)), ...earlier.flatMap((one) => adjustmentsOf(one))];
  return {
    tenant_id: tenant.id,
    month,
    status: "draft",
    number: null,
    tier: tenant.tier,
    plan,
    currency: plan.currency,
    lines,
    total: moneyText(totalOf(lines, plan.currency)),
    as_of: asOf.toISOString(),
    closes_at: closesAt(month, graceMs).toISOString(),
    finalized_at: null,
  };
};

/** When a month can be finalized: a grace period after its end. */
export const closesAt = (month: Month, graceMs: number): Date => new Date(endOf(month).getTime() + graceMs);

const lineOf = ({ id, ...priced }: PricedCharge, usage: MonthUsage): InvoiceLine => {
  const used = priced.meter === null ? undefined : usage.get(priced.meter);
  return {
    charge: id,
    ...priced,
    steps: [...priced.steps],
    unit: used?.unit ?? null,
    adjusts: null,
    buckets: [...(used?.buckets ?? [])],
  };
};
