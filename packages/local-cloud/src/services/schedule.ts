import { Cron } from "croner";

/** When something runs next after an instant, in milliseconds since the epoch; null: never again. */
export type Schedule = (after: number) => number | null;

const units: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** EventBridge counts weekdays from 1 (Sunday), cron from 0. */
const weekdays = (part: string): string =>
  part.replace(/(^|[,-])([1-7])/g, (_, before: string, day: string) => before + (Number(day) - 1));

/**
 * A schedule expression of EventBridge: `rate(5 minutes)`, `cron(0 2 * * ? *)` or `at(2026-11-20T10:00:00)`.
 * @throws Error when it is none.
 */
export const parseSchedule = (expression: string, timezone = "UTC"): Schedule => {
  const [, kind, body = ""] = /^(rate|cron|at)\((.*)\)$/.exec(expression.trim()) ?? [];
  const bad = (): Error => new Error(`${expression} is no schedule expression.`);
  if (kind === "rate") {
    const [, count, unit = ""] = /^([1-9]\d*) (minute|hour|day)s?$/.exec(body.trim()) ?? [];
    const milliseconds = Number(count) * (units[unit] ?? Number.NaN);
    if (Number.isNaN(milliseconds)) throw bad();
    return (after) => after + milliseconds;
  }
  if (kind === "cron") {
    const [minute, hour, day, month, weekday = "", year, ...rest] = body.trim().split(/\s+/);
    if (year === undefined || rest.length > 0) throw bad();
    const pattern = `0 ${minute} ${hour} ${day} ${month} ${weekdays(weekday)} ${year}`;
    const cron = new Cron(pattern, { timezone, paused: true, mode: "7-part", sloppyRanges: true });
    return (after) => cron.nextRun(new Date(after))?.getTime() ?? null;
  }
  if (kind === "at") {
    const instant = new Cron(body.trim(), { timezone, paused: true }).nextRun(new Date(0))?.getTime();
    if (instant === undefined) throw bad();
    return (after) => (instant > after ? instant : null);
  }
  throw bad();
};
