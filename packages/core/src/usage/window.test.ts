import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Problem } from "../problem.ts";
import { dayMs, hourMs } from "./accept.ts";
import { bucketsOf, instant, isFinal, parseRange, usageWindows } from "./window.ts";

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
  test("are cut off at the range", () => {
    const range = parseRange({ from: "2026-01-30T22:00:00Z", to: "2026-03-01T01:00:00Z" });
    const buckets = bucketsOf(range, "month");
    expect(buckets.map(({ from, to }) => [instant(from).slice(0, 13), instant(to).slice(0, 13)])).toEqual([
      ["2026-01-30T22", "2026-02-01T00"],
      ["2026-02-01T00", "2026-03-01T00"],
      ["2026-03-01T00", "2026-03-01T01"],
    ]);
  });

  test("of each window follow on each other from the start of the range to its end", () => {
    fc.assert(
      fc.property(fc.nat({ max: 490_000 }), fc.integer({ min: 1, max: 3000 }), (from, length) => {
        for (const window of usageWindows) {
          const buckets = bucketsOf({ from, to: from + length }, window);
          expect([buckets[0]?.from, buckets.at(-1)?.to]).toEqual([from, from + length]);
          expect(buckets.slice(1).map((bucket) => bucket.from)).toEqual(buckets.slice(0, -1).map(({ to }) => to));
        }
      }),
    );
  });

  test("are final once no event can be accepted for them any more", () => {
    const end = Math.floor((now.getTime() - 42 * dayMs) / hourMs);
    const buckets = bucketsOf({ from: end - 3, to: end + 2 }, "hour");
    expect(buckets.map((bucket) => isFinal(bucket, now))).toEqual([true, true, false, false, false]);
  });
});
