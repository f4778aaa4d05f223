import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Problem } from "../problem.ts";
import { dayMs, hourMs } from "./accept.ts";
import { foldHours, parseRange, usageWindows } from "./window.ts";

const now = new Date("2026-11-20T14:00:00Z");

describe("a range", () => {
  test("dates and instants, whole hours", () => {
    expect(parseRange({ from: "1970-01-02", to: "1970-01-03T01:30:00Z" })).toEqual({ from: 24, to: 50 });
    expect(parseRange({ from: "1970-01-02T02:59:00+02:00", to: "1970-01-02T02:00:00" })).toEqual({ from: 24, to: 26 });
    expect(parseRange({ from: "2026-01-01", to: "2027-02-05" })).toBeDefined();
  });

  test.for([
    ["2026-11-20", "2026-11-20", "query:to"],
    ["2026-11-20", "2026-11-19", "query:to"],
    ["2026-01-01", "2027-02-06", "query:to"],
    ["2026-02-30", "2026-03-01", "query:from"],
    ["soon", "2026-03-01", "query:from"],
    ["9999-01-01", "9999-12-31T23:59:00Z", "query:to"],
    ["0001-01-01", "0001-01-02", "query:from"],
    ["2026-03-01", "'; DROP TABLE", "query:to"],
  ] as const)("%s to %s is no window", ([from, to, pointer]) => {
    let problem: unknown;
    try {
      parseRange({ from, to });
    } catch (error) {
      problem = error;
    }
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ code: "invalid-usage-window", errors: [{ pointer }] });
  });
});

describe("buckets", () => {
  test("empty ones are there, and the ends are cut off at the range", () => {
    const range = parseRange({ from: "2026-01-30T22:00:00Z", to: "2026-03-01T01:00:00Z" });
    const total = { sum: 2_500_000n, count: 2 };
    const buckets = foldHours([{ hour: range.from + 3, total }], range, "month", now);
    expect(buckets.map(({ start, end, value, count }) => [start.slice(0, 13), end.slice(0, 13), value, count])).toEqual(
      [
        ["2026-01-30T22", "2026-02-01T00", "2.5", 2],
        ["2026-02-01T00", "2026-03-01T00", "0", 0],
        ["2026-03-01T00", "2026-03-01T01", "0", 0],
      ],
    );
  });

  test("hours, days and months of one range come to the same sum", () => {
    const hours = fc.array(fc.tuple(fc.nat({ max: 3000 }), fc.nat({ max: 1e9 })), { maxLength: 60 });
    fc.assert(
      fc.property(fc.nat({ max: 490_000 }), fc.integer({ min: 1, max: 3000 }), hours, (from, length, usage) => {
        const unique = new Map(usage.filter(([hour]) => hour < length));
        const totals = [...unique]
          .map(([hour, sum]) => ({ hour: from + hour, total: { sum: BigInt(sum), count: 1 } }))
          .toSorted((a, b) => a.hour - b.hour);
        for (const window of usageWindows) {
          const buckets = foldHours(totals, { from, to: from + length }, window, now);
          expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(totals.length);
          expect(buckets[0]?.start).toBe(new Date(from * hourMs).toISOString());
          expect(buckets.at(-1)?.end).toBe(new Date((from + length) * hourMs).toISOString());
          expect(buckets.slice(1).map(({ start }) => start)).toEqual(buckets.slice(0, -1).map(({ end }) => end));
        }
      }),
    );
  });

  test("is final once no event can be accepted for it any more", () => {
    const end = Math.floor((now.getTime() - 42 * dayMs) / hourMs);
    const buckets = foldHours([], { from: end - 3, to: end + 2 }, "hour", now);
    expect(buckets.map(({ final }) => final)).toEqual([true, true, false, false, false]);
  });
});
