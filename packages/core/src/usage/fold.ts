import { type Micros, Sum } from "./decimal.ts";
import type { MeterName } from "./meters.ts";

/** What events of one meter come to. Exact: `sum` is in micro-units. */
export type Total = { readonly sum: bigint; readonly count: number };

/** Totals by meter. A meter without events is not in it. */
export type Totals = Readonly<Partial<Record<MeterName, Total>>>;

export const noTotal: Total = { sum: 0n, count: 0 };

/** Commutative, associative, with `noTotal` as its neutral element: the order of events never matters. */
export const addTotals = (a: Total, b: Total): Total => ({ sum: a.sum + b.sum, count: a.count + b.count });

/** Folds events into totals. */
export const foldEvents = (
  totals: Totals,
  events: readonly { readonly metric: MeterName; readonly micros: Micros }[],
): Totals => {
  const sums: Partial<Record<MeterName, { sum: Sum; count: number }>> = {};
  for (const event of events) {
    const total = (sums[event.metric] ??= { sum: new Sum(), count: 0 });
    total.sum.add(event.micros);
    total.count++;
  }
  const folded: Partial<Record<MeterName, Total>> = { ...totals };
  for (const [name, added] of Object.entries(sums) as [MeterName, { sum: Sum; count: number }][])
    folded[name] = addTotals(folded[name] ?? noTotal, { sum: added.sum.total(), count: added.count });
  return folded;
};

/** How many events these totals are the fold of. */
export const countOf = (totals: Totals): number =>
  Object.values(totals).reduce((count, total) => count + total.count, 0);
