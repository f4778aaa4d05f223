import { expect, test } from "vitest";
import { matchesError } from "./failure.ts";
import { retries } from "./retry.ts";

const all = { ErrorEquals: ["States.ALL"] };

/** The waits until there are no more. */
const waits = (next: (error: string) => number | undefined, error = "Any"): number[] => {
  const wait = next(error);
  return wait === undefined ? [] : [wait, ...waits(next, error)];
};

test("waits grow by the backoff rate up to the longest delay", () => {
  expect(waits(retries([all]))).toEqual([1000, 2000, 4000]);
  const slow = { ...all, IntervalSeconds: 2, BackoffRate: 3, MaxAttempts: 4, MaxDelaySeconds: 20 };
  expect(waits(retries([slow]))).toEqual([2000, 6000, 18_000, 20_000]);
  expect(waits(retries([{ ...all, MaxAttempts: 0 }]))).toEqual([]);
});

test("full jitter spreads each wait between nothing and its length", () => {
  const some = Array.from({ length: 200 }, () => waits(retries([{ ...all, JitterStrategy: "FULL" }]))).map(
    ([, second = Number.NaN]) => second,
  );
  expect(Math.max(...some)).toBeLessThanOrEqual(2000);
  expect(Math.min(...some)).toBeGreaterThanOrEqual(0);
  expect(new Set(some).size).toBeGreaterThan(100);
});

test("each retrier counts for itself, and the first that matches decides", () => {
  const next = retries([
    { ErrorEquals: ["A"], MaxAttempts: 1 },
    { ...all, MaxAttempts: 1 },
  ]);
  expect([next("A"), next("A"), next("B"), next("B")]).toEqual([1000, undefined, 1000, undefined]);
});

test.each([
  [["States.ALL"], "Any", true],
  [["States.ALL"], "States.Timeout", true],
  [["States.ALL"], "States.Runtime", false],
  [["States.ALL"], "States.DataLimitExceeded", false],
  [["States.DataLimitExceeded"], "States.DataLimitExceeded", true],
  [["States.TaskFailed"], "Any", true],
  [["States.TaskFailed"], "States.Timeout", false],
  [["A", "B"], "B", true],
  [["A", "B"], "C", false],
])("%j matches %s: %s", (names, error, expected) => {
  expect(matchesError(names, error)).toBe(expected);
});
