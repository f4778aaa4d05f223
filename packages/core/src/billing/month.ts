import { z } from "zod";
import { hourMs } from "../usage/accept.ts";
import type { HourRange } from "../usage/window.ts";

/** A calendar month in UTC, `2026-11`. Months sort as text. */
export const Month = z.string().regex(/^[1-9]\d{3}-(0[1-9]|1[0-2])$/, "must be a month, such as 2026-11");
export type Month = z.infer<typeof Month>;

const partsOf = (month: Month) => ({ year: Number(month.slice(0, 4)), index: Number(month.slice(5)) - 1 });

/** The month that many months later, or earlier. */
export const addMonths = (month: Month, months: number): Month => {
  const { year, index } = partsOf(month);
  return new Date(Date.UTC(year, index + months, 1)).toISOString().slice(0, 7);
};

/** The month that an instant falls into. */
export const monthOf = (at: Date | string): Month =>
  (typeof at === "string" ? new Date(at) : at).toISOString().slice(0, 7);

export const startOf = (month: Month): Date => {
  const { year, index } = partsOf(month);
  return new Date(Date.UTC(year, index, 1));
};

/** The first moment after the month. */
export const endOf = (month: Month): Date => startOf(addMonths(month, 1));

export const hoursOf = (month: Month): HourRange => ({
  from: startOf(month).getTime() / hourMs,
  to: endOf(month).getTime() / hourMs,
});

export const daysIn = (month: Month): number => {
  const { from, to } = hoursOf(month);
  return (to - from) / 24;
};

/** The months from one to another, both included; none if the second is earlier. */
export const monthsBetween = (from: Month, to: Month): Month[] => {
  const months: Month[] = [];
  for (let month = from; month <= to; month = addMonths(month, 1)) months.push(month);
  return months;
};
