import type { Meter } from "../meters.ts";

// What usage must come to, by the shortest way: all events at hand, one after the other, no chunks, pages or roll-ups.
// It shares no code with what it judges.

/** An event that counts, once. */
export type OracleEvent = {
  readonly tenantId: string;
  readonly metric: string;
  /** In micro-units. */
  readonly micros: bigint;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly user?: string | undefined;
  readonly dimensions?: Readonly<Record<string, string>> | undefined;
  /** Which of two samples of one millisecond stands: the greater. */
  readonly rank: bigint;
};

export type OracleQuery = {
  readonly meter: Meter;
  /** Hours since 1970. */
  readonly from: number;
  readonly to: number;
  readonly window: "hour" | "day" | "month";
  readonly groupBy: readonly string[];
  readonly now: number;
};

/** Value and count of each bucket, by the group's dimensions as JSON. */
export type OracleAnswer = Readonly<Record<string, readonly string[]>>;

const hourMs = 3_600_000;
const minuteMs = 60_000;

/** The answer for the events of one tenant and meter. */
export const oracle = (events: readonly OracleEvent[], query: OracleQuery): OracleAnswer => {
  const { meter, from, groupBy } = query;
  const declared = meter.dimensions.map(({ name }) => name);
  const pick = (event: OracleEvent, names: readonly string[]) =>
    JSON.stringify(
      Object.fromEntries(
        names
          .toSorted()
          .filter((name) => event.dimensions?.[name] !== undefined)
          .map((name) => [name, event.dimensions?.[name]]),
      ),
    );
  const isAverage = meter.aggregation === "time_weighted_average";
  // What was measured in the 35 days before still holds.
  const earliest = (isAverage ? from - 35 * 24 : from) * hourMs;
  const inRange = events.filter(({ at }) => at >= earliest && at < query.to * hourMs);
  const groups = Map.groupBy(inRange, (event) => pick(event, groupBy));
  if (groupBy.length === 0 && groups.size === 0) groups.set("{}", []);
  const answer: Record<string, string[]> = {};
  for (const [group, ofGroup] of groups) {
    const series = isAverage ? [...Map.groupBy(ofGroup, (event) => pick(event, declared)).values()] : [];
    const first = (from - 35 * 24) * 60;
    const sums = series.map((each) => cumulated(each, first, query.to * 60));
    // Each event into its bucket, so that this stays quick for a million.
    const buckets = bucketsOf(query);
    const byBucket = buckets.map((): OracleEvent[] => []);
    const bucketOf = new Map(buckets.flatMap(([start, end], at) => hoursOf(start, end).map((hour) => [hour, at])));
    for (const event of ofGroup) byBucket[bucketOf.get(Math.floor(event.at / hourMs)) ?? -1]?.push(event);
    answer[group] = buckets.map((bucket, at) => {
      const inside = byBucket[at] ?? [];
      const micros = isAverage ? average(sums, first, bucket, inside, query) : valueOf(meter, inside);
      const count = meter.aggregation === "unique" ? new Set(inside.map(({ user }) => user)).size : inside.length;
      return `${decimal(micros)} of ${count}`;
    });
  }
  return answer;
};

const hoursOf = (start: number, end: number) => Array.from({ length: end - start }, (_, n) => start + n);

const bucketsOf = ({ from, to, window }: OracleQuery): [number, number][] => {
  const length = window === "hour" ? 13 : window === "day" ? 10 : 7;
  const nameOf = (hour: number) => new Date(hour * hourMs).toISOString().slice(0, length);
  const buckets: [number, number][] = [];
  for (let hour = from; hour < to; hour++) {
    const last = buckets.at(-1);
    if (last !== undefined && nameOf(last[0]) === nameOf(hour)) last[1] = hour + 1;
    else buckets.push([hour, hour + 1]);
  }
  return buckets;
};

const valueOf = ({ aggregation }: Meter, events: readonly OracleEvent[]): bigint => {
  const [first, ...others] = events;
  if (first === undefined) return 0n;
  switch (aggregation) {
    case "sum":
      return events.reduce((sum, { micros }) => sum + micros, 0n);
    case "count":
      return BigInt(events.length) * 1_000_000n;
    case "unique":
      return BigInt(new Set(events.map(({ user }) => user)).size) * 1_000_000n;
    case "min":
      return others.reduce((least, { micros }) => (micros < least ? micros : least), first.micros);
    case "max":
      return others.reduce((most, { micros }) => (micros > most ? micros : most), first.micros);
    default:
      return others.reduce(later, first).micros;
  }
};

const later = (a: OracleEvent, b: OracleEvent) => (b.at > a.at || (b.at === a.at && b.rank > a.rank) ? b : a);

/**
 * What a series comes to from the first minute on, minute by minute: the last sample of a minute holds until the next
 * minute that has one, for 35 days at most.
 */
const cumulated = (events: readonly OracleEvent[], first: number, end: number): bigint[] => {
  const minutes = Map.groupBy(events, ({ at }) => Math.floor(at / minuteMs));
  const sums = [0n];
  let sum = 0n;
  let current: { readonly minute: number; readonly micros: bigint } | undefined;
  for (let minute = first; minute < end; minute++) {
    const samples = minutes.get(minute);
    if (samples !== undefined) current = { minute, micros: samples.reduce(later).micros };
    if (current !== undefined && minute - current.minute < 35 * 24 * 60) sum += current.micros;
    sums.push(sum);
  }
  return sums;
};

const average = (
  series: readonly (readonly bigint[])[],
  first: number,
  [start, end]: readonly [number, number],
  inside: readonly OracleEvent[],
  { now, meter }: OracleQuery,
): bigint => {
  const lastMinute = inside.reduce((last, { at }) => Math.max(last, Math.floor(at / minuteMs)), 0);
  const until = Math.min(end * 60, Math.max(Math.floor(now / minuteMs), lastMinute) + 1);
  if (until <= start * 60) return 0n;
  const integral = series.reduce(
    (sum, sums) => sum + (sums[until - first] ?? 0n) - (sums[start * 60 - first] ?? 0n),
    0n,
  );
  const unit = 10n ** BigInt(6 - meter.decimals);
  const length = BigInt(until - start * 60) * unit;
  const [quotient, rest] = [integral / length, integral % length];
  const isUp = rest * 2n > length || (rest * 2n === length && quotient % 2n === 1n);
  return (quotient + (isUp ? 1n : 0n)) * unit;
};

const decimal = (micros: bigint): string => {
  const digits = (micros < 0n ? -micros : micros).toString().padStart(7, "0");
  return `${micros < 0n ? "-" : ""}${digits.slice(0, -6)}.${digits.slice(-6)}`.replace(/\.?0+$/, "");
};
