import { describe, expect, test } from "vitest";
import { parseSchedule } from "./schedule.ts";

const at = (iso: string): number => Date.parse(iso);

describe("a schedule expression", () => {
  test.for<[string, string, string | null]>([
    ["rate(1 minute)", "2026-11-20T10:00:30Z", "2026-11-20T10:01:30Z"],
    ["rate(12 hours)", "2026-11-20T10:00:00Z", "2026-11-20T22:00:00Z"],
    ["cron(0 2 * * ? *)", "2026-11-20T10:00:00Z", "2026-11-21T02:00:00Z"],
    ["cron(0/15 * * * ? *)", "2026-11-20T10:16:00Z", "2026-11-20T10:30:00Z"],
    // 20 November 2026 is a Friday; EventBridge's 2 is Monday.
    ["cron(0 8 ? * 2 *)", "2026-11-20T10:00:00Z", "2026-11-23T08:00:00Z"],
    ["cron(0 8 ? * MON-FRI *)", "2026-11-20T10:00:00Z", "2026-11-23T08:00:00Z"],
    ["cron(0 8 ? * 2-6 *)", "2026-11-19T10:00:00Z", "2026-11-20T08:00:00Z"],
    ["cron(0 0 1 1 ? 2028)", "2026-11-20T10:00:00Z", "2028-01-01T00:00:00Z"],
    ["cron(0 0 L * ? *)", "2026-11-20T10:00:00Z", "2026-11-30T00:00:00Z"],
    ["at(2026-11-20T12:00:00)", "2026-11-20T10:00:00Z", "2026-11-20T12:00:00Z"],
    ["at(2026-11-20T09:00:00)", "2026-11-20T10:00:00Z", null],
  ])("%s after %s", ([expression, after, expected]) => {
    const next = parseSchedule(expression)(at(after));
    expect(next === null ? null : new Date(next).toISOString()).toBe(
      expected === null ? null : new Date(at(expected)).toISOString(),
    );
  });

  test("counts in its own time zone", () => {
    const next = parseSchedule("cron(0 2 * * ? *)", "America/New_York")(at("2026-11-20T10:00:00Z"));
    expect(new Date(next ?? 0).toISOString()).toBe("2026-11-21T07:00:00.000Z");
  });

  test.for(["", "rate(0 minutes)", "rate(1 second)", "cron(* * * * *)", "cron(99 * * * ? *)", "every minute"])(
    "%s is refused",
    (expression) => {
      expect(() => parseSchedule(expression)).toThrow(/is no schedule expression|CronPattern/);
    },
  );
});
