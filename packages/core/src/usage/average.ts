import { held, type Segment } from "./aggregate.ts";
import type { HourRange } from "./window.ts";

/** A step function's segments of one series, in order of time. */
export type Steps = readonly Segment[];

/** Micro-unit-minutes of a step function from the start of a bucket to the minute `until`. Segments lie in it whole or not at all. */
export const integralOver = (steps: Steps, from: number, until: number): bigint => {
  let integral = 0n;
  let carried: Segment | undefined;
  const carry = (to: number) => {
    if (carried === undefined) return;
    const { micros, last } = carried;
    integral += held(micros, last, to) - held(micros, last, Math.max(from, last));
  };
  for (const segment of steps) {
    if (segment.first >= until) break;
    if (segment.first >= from) {
      carry(segment.first);
      integral += segment.integral;
    }
    carried = segment;
  }
  carry(until);
  return integral;
};

/**
 * The average of several step functions together over a bucket, in micro-units, weighted by time in whole minutes:
 * from the bucket's start to its end, or as long as it still runs, to the minute of `now` or of the last sample. A
 * series is worth nothing before its first sample.
 *
 * @param now in minutes since 1970
 * @param decimals to which the average is rounded, half to even
 */
export const averageOver = (series: readonly Steps[], bucket: HourRange, now: number, decimals: number): bigint => {
  const [from, to] = [bucket.from * 60, bucket.to * 60];
  const lasts = series.flatMap((steps) => steps.flatMap(({ last }) => (last < to ? [last] : [])));
  const until = Math.min(to, Math.max(now, maxOf(lasts)) + 1);
  if (until <= from) return 0n;
  const integral = series.reduce((sum, steps) => sum + integralOver(steps, from, until), 0n);
  const step = 10n ** BigInt(6 - decimals);
  return divideHalfEven(integral, BigInt(until - from) * step) * step;
};

const maxOf = (values: readonly number[]) => values.reduce((max, value) => Math.max(max, value), 0);

/** @param by positive */
export const divideHalfEven = (value: bigint, by: bigint): bigint => {
  const quotient = value / by;
  const rest = value % by;
  const twice = (rest < 0n ? -rest : rest) * 2n;
  const away = twice > by || (twice === by && quotient % 2n !== 0n);
  return away ? quotient + (value < 0n ? -1n : 1n) : quotient;
};
