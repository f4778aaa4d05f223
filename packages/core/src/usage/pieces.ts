import { settled } from "./aggregate.ts";
import { addTotals, type Totals } from "./fold.ts";
import type { Meter } from "./meters.ts";
import { type PeriodKind, periodsIn } from "./period.ts";
import type { Marks, RollUp, UsageTotals } from "./ports.ts";
import { metricOf } from "./series.ts";
import type { HourRange, UsageWindow } from "./window.ts";

/** What one meter came to in some hours. */
export type Piece = HourRange & { readonly totals: Totals };

/** Stretches without a usable roll-up that are read by themselves; more than these are read as one with what lies between. */
const mostGaps = 6;

/** Which roll-ups answer buckets of a window, the longest first. */
const kindsOf: Readonly<Record<UsageWindow, readonly PeriodKind[]>> = {
  hour: [],
  day: ["day"],
  month: ["month", "day"],
};

/**
 * What a meter came to over a range, in pieces in order of time, each of which lies in one bucket of the window: closed
 * months and days from their roll-ups as long as these hold all that was written, everything else from its hours. The
 * number of reads does not grow with the traffic, nor, but for one query a month of hours, with the range.
 */
export const readPieces = async (
  usage: UsageTotals,
  tenantId: string,
  meter: Pick<Meter, "name">,
  range: HourRange,
  window: UsageWindow,
): Promise<Piece[]> => {
  const pieces: Piece[] = [];
  let gaps: readonly HourRange[] = [range];
  for (const kind of kindsOf[window]) {
    const found = await Promise.all(spansOf(gaps).map((gap) => readRolled(usage, tenantId, meter.name, kind, gap)));
    const inGaps = found.flat().filter((piece) => gaps.some((gap) => contains(gap, piece)));
    pieces.push(...inGaps);
    gaps = gaps.flatMap((gap) => without(gap, inGaps));
  }
  const hours = await Promise.all(spansOf(gaps).map(({ from, to }) => usage.hours(tenantId, from, to)));
  for (const { hour, totals } of hours.flat()) {
    const piece = { from: hour, to: hour + 1, totals: ofMeter(totals, meter.name) };
    if (gaps.some((gap) => contains(gap, piece))) pieces.push(piece);
  }
  return pieces.toSorted((a, b) => a.from - b.from);
};

/** A meter's part of an hour's totals, settled. */
export const ofMeter = (totals: Totals, metric: string): Totals =>
  Object.fromEntries(
    Object.entries(totals)
      .filter(([series]) => metricOf(series) === metric)
      .map(([series, aggregate]) => [series, settled(aggregate)]),
  );

/** The periods in a range whose roll-ups hold all that was written. */
const readRolled = async (
  usage: UsageTotals,
  tenantId: string,
  metric: string,
  kind: PeriodKind,
  range: HourRange,
): Promise<Piece[]> => {
  const periods = periodsIn(kind, range);
  const [first, last] = [periods[0], periods.at(-1)];
  if (first === undefined || last === undefined) return [];
  // The marks first: a roll-up that is read after them may have more, but never less, than was written by then.
  const marks = new Map((await usage.marks(tenantId, kind, first.from, last.to)).map((each) => [each.from, each]));
  if (marks.size === 0) return [];
  const rollUps = new Map(
    (await usage.rollUps(tenantId, metric, kind, first.from, last.to)).map((each) => [each.from, each]),
  );
  return periods.flatMap(({ from, to }) => {
    const totals = rolledTotals(marks.get(from), rollUps.get(from));
    return totals === undefined ? [] : [{ from, to, totals }];
  });
};

/** What a roll-up says, or undefined if something may have been written since. */
export const rolledTotals = (marks: Marks | undefined, rollUp: RollUp | undefined): Totals | undefined => {
  if (marks?.rolled === undefined || marks.rolled < marks.marks) return undefined;
  if (rollUp === undefined) return {};
  return rollUp.marks < marks.marks ? undefined : rollUp.totals;
};

const contains = (outer: HourRange, inner: HourRange) => inner.from >= outer.from && inner.to <= outer.to;

/** What is left of a range without these pieces of it. */
const without = (range: HourRange, pieces: readonly HourRange[]): HourRange[] => {
  const left: HourRange[] = [];
  let from = range.from;
  for (const piece of pieces.filter((each) => contains(range, each)).toSorted((a, b) => a.from - b.from)) {
    if (piece.from > from) left.push({ from, to: piece.from });
    from = piece.to;
  }
  if (from < range.to) left.push({ from, to: range.to });
  return left;
};

const spansOf = (gaps: readonly HourRange[]): readonly HourRange[] => {
  const [first, last] = [gaps[0], gaps.at(-1)];
  if (gaps.length <= mostGaps || first === undefined || last === undefined) return gaps;
  return [{ from: first.from, to: last.to }];
};

/** Pieces of one bucket together. */
export const joinPieces = (pieces: readonly Piece[]): Totals =>
  pieces.map(({ totals }) => totals).reduce(addTotals, {});
