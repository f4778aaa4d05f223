import { formatMicros } from "../usage/decimal.ts";
import type { FinalizedInvoice, InvoiceLine } from "./invoice.ts";
import { type Currency, minus, moneyOf, moneyText, plus, rounded } from "./money.ts";
import type { Month } from "./month.ts";
import { type Proration, priceMonth } from "./price.ts";
import { parseMicros } from "./quantity.ts";

/** A finalized month, what was billed of it since, and what its usage has come to. */
export type EarlierMonth = {
  readonly invoice: FinalizedInvoice;
  readonly proration: Proration | null;
  /** Adjustments of this month on later invoices, in their order. */
  readonly adjusted: readonly InvoiceLine[];
  /** Micro-units by meter, as they are now. */
  readonly usage: ReadonlyMap<string, bigint>;
  /** Units by meter. */
  readonly units: ReadonlyMap<string, string>;
};

/** How many months back usage can change: events come up to 35 days late, and wait up to 7 in the stream. */
export const adjustableMonths = 3;

/** The adjustments among the lines of later invoices that belong to a month. */
export const adjustmentsTo = (month: Month, invoices: readonly FinalizedInvoice[]): readonly InvoiceLine[] =>
  invoices.flatMap(({ lines }) => lines.filter(({ adjusts }) => adjusts?.month === month));

/**
 * The lines that bring a finalized month up to date. The month is priced anew under the plan it was billed by, and the
 * difference to what was billed of each charge so far is billed. As every price is rounded before the difference is
 * taken, an invoice and its adjustments always come to what one invoice over all the usage would have been.
 */
export const adjustmentsOf = ({ invoice, proration, adjusted, usage, units }: EarlierMonth): InvoiceLine[] => {
  const { currency, plan, month, number } = invoice;
  return priceMonth(plan, usage, proration).flatMap((now): InvoiceLine[] => {
    const before = billed(now.id, [...invoice.lines.filter(({ adjusts }) => adjusts === null), ...adjusted], currency);
    const amount = moneyText(rounded(minus(moneyOf(now.amount, currency), moneyOf(before.amount, currency)), currency));
    if (before.amount === now.amount && before.quantity === now.quantity) return [];
    return [
      {
        charge: now.id,
        kind: "adjustment",
        description: `${now.description}, ${month}`,
        meter: now.meter,
        unit: now.meter === null ? null : (units.get(now.meter) ?? null),
        quantity: now.quantity === null ? null : difference(now.quantity, before.quantity),
        included: now.included,
        steps: [...now.steps],
        proration: now.proration,
        adjusts: {
          month,
          number,
          quantity_before: before.quantity,
          quantity_after: now.quantity,
          amount_before: before.amount,
          amount_after: now.amount,
        },
        amount,
        buckets: [],
      },
    ];
  });
};

const difference = (now: string, before: string | null): string =>
  formatMicros(parseMicros(now) - parseMicros(before ?? "0"));

/** What was billed of a charge so far, and for what quantity. */
const billed = (charge: string, lines: readonly InvoiceLine[], currency: Currency) => {
  const own = lines.filter((line) => line.charge === charge);
  const last = own.at(-1);
  return {
    amount: moneyText(
      rounded(
        plus(
          own.map(({ amount }) => moneyOf(amount, currency)),
          currency,
        ),
        currency,
      ),
    ),
    quantity: last === undefined ? null : last.adjusts === null ? last.quantity : last.adjusts.quantity_after,
  };
};
