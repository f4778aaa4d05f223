import { type Aggregate, combine, type FoldedEvent, foldSeries } from "./aggregate.ts";

/** Aggregates by series. A series without events is not in it. */
export type Totals = Readonly<Record<string, Aggregate>>;

/** Adds to totals that nobody else has yet. */
const addTo = (totals: Record<string, Aggregate>, series: string, added: Aggregate): void => {
  const before = Object.hasOwn(totals, series) ? totals[series] : undefined;
  totals[series] = before === undefined ? added : combine(before, added);
};

/** Folds events, each of which is new, into totals: one pass for each series among them, and mostly that is one. */
export const foldEvents = (totals: Totals, events: readonly FoldedEvent[]): Totals => {
  const folded: Record<string, Aggregate> = { ...totals };
  const first = events[0];
  if (first === undefined) return folded;
  const alike = events.every((event) => event.series === first.series);
  const groups = alike ? [events] : Map.groupBy(events, (event) => event.series).values();
  for (const group of groups) {
    const head = group[0];
    if (head !== undefined) addTo(folded, head.series, foldSeries(head, group));
  }
  return folded;
};

/** Totals of different events together. Commutative and associative. */
export const addTotals = (a: Totals, b: Totals): Totals => {
  const added: Record<string, Aggregate> = { ...a };
  for (const [series, aggregate] of Object.entries(b)) addTo(added, series, aggregate);
  return added;
};

/** How many events these totals are the fold of. */
export const countOf = (totals: Totals): number => {
  let count = 0;
  for (const series in totals) count += totals[series]?.count ?? 0;
  return count;
};
