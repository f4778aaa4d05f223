import { hourMs } from "./accept.ts";
import type { HourRange } from "./window.ts";

/** Stretches of time whose usage is rolled up once they are over. */
export type PeriodKind = "day" | "month";

/** A day or a month in UTC. `start` and `end` are hours since 1970, `end` exclusive. */
export type Period = HourRange & { readonly kind: PeriodKind };

const startOf: Record<PeriodKind, (hour: number) => number> = {
  day: (hour) => Math.floor(hour / 24) * 24,
  month: (hour) => {
    const date = new Date(hour * hourMs);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / hourMs;
  },
};

const endOf: Record<PeriodKind, (start: number) => number> = {
  day: (start) => start + 24,
  month: (start) => startOf.month(start + 32 * 24),
};

/** The day or month that an hour is in. */
export const periodOf = (kind: PeriodKind, hour: number): Period => {
  const from = startOf[kind](hour);
  return { kind, from, to: endOf[kind](from) };
};

/** The periods of an hour that are over: their roll-ups have to be made again when the hour changes. */
export const closedPeriods = (hour: number, now: number): Period[] => {
  // Mostly the day is not over, and then neither is the month.
  const day = periodOf("day", hour);
  if (day.to * hourMs > now) return [];
  const month = periodOf("month", hour);
  return month.to * hourMs > now ? [day] : [day, month];
};

/** The periods that lie in a range whole, in order. */
export const periodsIn = (kind: PeriodKind, range: HourRange): Period[] => {
  const periods: Period[] = [];
  let period = periodOf(kind, range.from);
  if (period.from < range.from) period = periodOf(kind, period.to);
  for (; period.to <= range.to; period = periodOf(kind, period.to)) periods.push(period);
  return periods;
};
