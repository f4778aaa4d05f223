import { type FieldError, Problem } from "../problem.ts";
import { closesAt, dayMs, hourMs } from "./accept.ts";
import { periodOf } from "./period.ts";
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

/** One bucket of an answer. */
export type UsageBucket = {
  readonly start: string;
  readonly end: string;
  /** An exact decimal. `"0"` where nothing was counted, for which see `count`. */
  readonly value: string;
  /** How many events it is the fold of; of a `unique` meter, how many users. */
  readonly count: number;
  /** Whether no event can change it any more. */
  readonly final: boolean;
};

/**
 * The hours, days or months that a range is made of. The first and the last are cut off at the range, so that hours,
 * days and months of one range always come to the same.
 */
export const bucketsOf = (range: HourRange, window: UsageWindow): HourRange[] => {
  const buckets: HourRange[] = [];
  for (let from = range.from; from < range.to;) {
    const next = window === "hour" ? from + 1 : periodOf(window, from).to;
    const to = Math.min(next, range.to);
    buckets.push({ from, to });
    from = to;
  }
  return buckets;
};

export const isFinal = ({ to }: HourRange, now: Date): boolean => closesAt(to * hourMs) < now.getTime();

export const instant = (hour: number): string => new Date(hour * hourMs).toISOString();
