import { type Micros, Sum } from "./decimal.ts";
import type { MeterName } from "./meters.ts";

/** What events of one meter come to. Exact: `sum` is in micro-units. */
export type Total = { readonly sum: bigint; readonly count: number };

/** Totals by meter. A meter without events is not in it. */
export type Totals = Readonly<Partial<Record<MeterName, Total>>>;

export const noTotal: Total = { sum: 0n, count: 0 };

/** Commutative, associative, with `noTotal` as its neutral element: the order of events never matters. */
export const addTotals = (a: Total, b: Total): Total => ({ sum: a.sum + b.sum, count: a.count + b.count });

type FoldedEvent = { readonly metric: MeterName; readonly micros: Micros };

/** Folds events into totals: one pass for each meter among them, and mostly that is one. */
export const foldEvents = (totals: Totals, events: readonly FoldedEvent[]): Totals => {
  const folded: Partial<Record<MeterName, Total>> = { ...totals };
  let left = events;
  while (left[0] !== undefined) {
    const { metric } = left[0];
    const sum = new Sum();
    let others: FoldedEvent[] | undefined;
    let count = 0;
    for (const event of left) {
      if (event.metric === metric) {
        sum.add(event.micros);
        count++;
      } else (others ??= []).push(event);
    }
    const before = folded[metric] ?? noTotal;
    folded[metric] = { sum: before.sum + sum.total(), count: before.count + count };
    left = others ?? [];
  }
  return folded;
};

/** How many events these totals are the fold of. */
export const countOf = (totals: Totals): number =>
  Object.values(totals).reduce((count, total) => count + total.count, 0);
