import { formatMicros } from "../usage/decimal.ts";
import { costOf, type Currency, minus, type Money, moneyOf, moneyText, plus, rounded, shareOf } from "./money.ts";
import type { Charge, MeteredCharge, Plan, PriceStep } from "./plan.ts";
import { parseMicros } from "./quantity.ts";

/** Units at one price. `amount` is exact and not rounded. */
export type LineStep = {
  readonly quantity: string;
  readonly unit_price: string;
  readonly amount: string;
};

/** What one charge comes to. `amount` is rounded to the currency's minor unit. */
export type PricedCharge = {
  readonly id: string;
  readonly kind: Charge["kind"] | "minimum";
  readonly description: string;
  readonly meter: string | null;
  /** What was used in the month, the included units too; null for what is not by use. */
  readonly quantity: string | null;
  readonly included: string | null;
  readonly steps: readonly LineStep[];
  readonly proration: Proration | null;
  readonly amount: string;
};

/** The part of a month that a fee is for: so many of its days. */
export type Proration = { readonly days: number; readonly of: number };

const minimumId = "minimum";

/**
 * What a month costs under a plan: a line for each charge, and one that makes up for the minimum where there is one.
 * Each line is rounded once, half to even; the total is their sum. A month of which a tenant had only some days costs that
 * share of fees and of the minimum; usage and what is included of it are never prorated.
 *
 * @param usage micro-units by meter; a meter that is absent was not used. Less than nothing costs nothing.
 */
export const priceMonth = (
  plan: Plan,
  usage: ReadonlyMap<string, bigint>,
  proration: Proration | null,
): readonly PricedCharge[] => {
  const { currency } = plan;
  const lines = plan.charges.map((charge) =>
    charge.kind === "flat"
      ? flatLine(charge, moneyOf(charge.amount, currency), proration, currency)
      : meteredLine(charge, usage.get(charge.meter) ?? 0n, currency),
  );
  if (plan.minimum === null) return lines;
  const floor = prorated(moneyOf(plan.minimum, currency), proration, currency);
  const missing = minus(floor, totalOf(lines, currency));
  const amount = moneyText(missing).startsWith("-")
    ? moneyText(rounded(moneyOf("0", currency), currency))
    : moneyText(rounded(missing, currency));
  return [
    ...lines,
    {
      id: minimumId,
      kind: "minimum",
      description: `Up to the minimum of ${moneyText(floor)} ${currency} a month`,
      meter: null,
      quantity: null,
      included: null,
      steps: [],
      proration,
      amount,
    },
  ];
};

/** The sum of rounded amounts. */
export const totalOf = (lines: readonly { readonly amount: string }[], currency: Currency): Money =>
  rounded(
    plus(
      lines.map(({ amount }) => moneyOf(amount, currency)),
      currency,
    ),
    currency,
  );

const prorated = (amount: Money, proration: Proration | null, currency: Currency): Money =>
  proration === null ? rounded(amount, currency) : shareOf(amount, proration.days, proration.of, currency);

const flatLine = (
  { id, kind, description }: Charge,
  amount: Money,
  proration: Proration | null,
  currency: Currency,
): PricedCharge => ({
  id,
  kind,
  description,
  meter: null,
  quantity: null,
  included: null,
  steps: [],
  proration,
  amount: moneyText(prorated(amount, proration, currency)),
});

const meteredLine = (charge: MeteredCharge, micros: bigint, currency: Currency): PricedCharge => {
  const beyond = micros - parseMicros(charge.included ?? "0");
  const charged = beyond > 0n ? beyond : 0n;
  const parts = partsOf(charge, charged).map(({ units, unit_price }) => {
    const amount = costOf(moneyOf(unit_price, currency), units);
    return { amount, step: { quantity: formatMicros(units), unit_price, amount: moneyText(amount) } };
  });
  const exact = plus(
    parts.map(({ amount }) => amount),
    currency,
  );
  return {
    id: charge.id,
    kind: charge.kind,
    description: charge.description,
    meter: charge.meter,
    quantity: formatMicros(micros),
    included: charge.included ?? null,
    steps: parts.map(({ step }) => step),
    proration: null,
    amount: moneyText(rounded(exact, currency)),
  };
};

type Part = { readonly units: bigint; readonly unit_price: string };

const partsOf = (charge: MeteredCharge, units: bigint): readonly Part[] => {
  if (charge.kind === "per_unit") return [{ units, unit_price: charge.unit_price }];
  if (charge.kind === "volume") return [{ units, unit_price: stepAt(charge.steps, units).unit_price }];
  return graduated(charge.steps, units);
};

/** The step that the last of so many units falls into. */
const stepAt = (steps: readonly PriceStep[], units: bigint): PriceStep => {
  const step = steps.find(({ up_to }) => up_to === null || units <= parseMicros(up_to));
  if (step === undefined) throw new Error("A price has no last step.");
  return step;
};

const graduated = (steps: readonly PriceStep[], units: bigint): readonly Part[] => {
  const parts: Part[] = [];
  let from = 0n;
  for (const { up_to, unit_price } of steps) {
    const end = up_to === null ? units : parseMicros(up_to);
    const within = (units < end ? units : end) - from;
    if (within > 0n || parts.length === 0) parts.push({ units: within, unit_price });
    from = end;
    if (units <= end) break;
  }
  return parts;
};
