import { type FieldError, Problem } from "../problem.ts";
import { closesAt, dayMs, hourMs } from "./accept.ts";
import { formatMicros } from "./decimal.ts";
import { addTotals, noTotal, type Total } from "./fold.ts";
import { parseTimestamp } from "./timestamp.ts";

export const usageWindows = ["hour", "day", "month"] as const;
export type UsageWindow = (typeof usageWindows)[number];

export const maxWindowDays = 400;

/** Hours since 1970 in UTC, `to` exclusive. */
export type HourRange = { readonly from: number; readonly to: number };

const date = /^\d{4}-\d\d-\d\d$/;

/** The last midnight that, with the rest of its day, can be written with four digits for the year. */
const last = Date.UTC(9999, 11, 31);

const moment = (text: string): number | undefined => {
  const at = parseTimestamp(date.test(text) ? `${text}T00:00:00Z` : text);
  return at === undefined || at > last ? undefined : at;
};

/**
 * The whole hours that a request asks for: dates or instants, `to` exclusive. Usage is kept by the hour, so the hours
 * that the ends fall into are taken whole.
 *
 * @throws Problem `invalid-usage-window`
 */
export const parseRange = (input: { readonly from: string; readonly to: string }): HourRange => {
  const from = moment(input.from);
  const to = moment(input.to);
  const wrong = (pointer: string, detail: string) => fault([{ pointer, detail }]);
  if (from === undefined) throw wrong("query:from", "must be a date or an instant");
  if (to === undefined) throw wrong("query:to", "must be a date or an instant");
  if (to <= from) throw wrong("query:to", "must be later than from");
  if (to - from > maxWindowDays * dayMs) throw wrong("query:to", `must be at most ${maxWindowDays} days after from`);
  return { from: Math.floor(from / hourMs), to: Math.ceil(to / hourMs) };
};

const fault = (errors: readonly FieldError[]) =>
  new Problem("invalid-usage-window", errors.map((error) => `${error.pointer} ${error.detail}`).join("; "), { errors });

const nextStart: Record<UsageWindow, (hour: number) => number> = {
  hour: (hour) => hour + 1,
  day: (hour) => (Math.floor(hour / 24) + 1) * 24,
  month: (hour) => {
    const day = new Date(hour * hourMs);
    return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1, 1) / hourMs;
  },
};

/** One bucket of an answer. `final` says that no event can change it any more. */
export type UsageBucket = {
  readonly start: string;
  readonly end: string;
  readonly value: string;
  readonly count: number;
  readonly final: boolean;
};

/**
 * Hours folded into buckets, the empty ones too. The first and the last are cut off at the range, so that hours, days
 * and months of one range always come to the same sum.
 *
 * @param hours in ascending order
 */
export const foldHours = (
  hours: readonly { readonly hour: number; readonly total: Total }[],
  range: HourRange,
  window: UsageWindow,
  now: Date,
): UsageBucket[] => {
  const buckets: UsageBucket[] = [];
  let next = 0;
  for (let start = range.from; start < range.to;) {
    const end = Math.min(nextStart[window](start), range.to);
    let total = noTotal;
    for (let hour = hours[next]; hour !== undefined && hour.hour < end; hour = hours[++next])
      total = addTotals(total, hour.total);
    buckets.push({
      start: instant(start),
      end: instant(end),
      value: formatMicros(total.sum),
      count: total.count,
      final: closesAt(end * hourMs) < now.getTime(),
    });
    start = end;
  }
  return buckets;
};

const instant = (hour: number) => new Date(hour * hourMs).toISOString();
