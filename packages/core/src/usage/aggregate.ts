import { type Micros, Sum } from "./decimal.ts";
import type { Fingerprint } from "./fingerprint.ts";

/** A value at a time, as `latest` and `time_weighted_average` keep it. Of two at one time the greater fingerprint wins. */
export type Sample = Fingerprint & {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly micros: bigint;
};

/**
 * A step function over whole minutes since 1970: from `first` to `last` it comes to `integral` micro-unit-minutes, and
 * from then on it has the value `micros`.
 */
export type Segment = {
  readonly first: number;
  readonly last: number;
  readonly micros: bigint;
  readonly integral: bigint;
};

/**
 * What the events of one series come to, exactly; quantities in micro-units. `count` is the number of events, of
 * `unique` the number of users. An hour of a time-weighted average keeps the last sample of each minute, so that
 * events may come in any order; closed days and months keep the segment that they make.
 */
export type Aggregate =
  | { readonly kind: "sum"; readonly sum: bigint; readonly count: number }
  | { readonly kind: "count" | "unique"; readonly count: number }
  | { readonly kind: "min" | "max"; readonly micros: bigint; readonly count: number }
  | { readonly kind: "latest"; readonly sample: Sample; readonly count: number }
  | { readonly kind: "time_weighted_average"; readonly samples: readonly Sample[]; readonly count: number }
  | { readonly kind: "segment"; readonly segment: Segment; readonly count: number };

export type Kind = Aggregate["kind"];

/** An event as it is folded. */
export type FoldedEvent = Fingerprint & {
  readonly series: string;
  readonly kind: Exclude<Kind, "segment">;
  readonly micros: Micros;
  readonly at: number;
};

/** Which of two samples stands: the later, and of two at one time the one of the greater fingerprint. */
const later = (a: Sample, b: Sample): Sample =>
  b.at > a.at || (b.at === a.at && (b.hi > a.hi || (b.hi === a.hi && b.lo > a.lo))) ? b : a;

const minuteMs = 60_000;
export const minuteOf = (at: number): number => Math.floor(at / minuteMs);

const sampleOf = ({ hi, lo, at, micros }: FoldedEvent): Sample => ({ hi, lo, at, micros: BigInt(micros) });

/** The last sample of each minute, in order. */
const lastOfMinutes = (samples: readonly Sample[]): Sample[] => {
  const minutes = new Map<number, Sample>();
  for (const sample of samples) {
    const minute = minuteOf(sample.at);
    const other = minutes.get(minute);
    minutes.set(minute, other === undefined ? sample : later(other, sample));
  }
  return [...minutes.values()].toSorted((a, b) => a.at - b.at);
};

/** What events of one series come to. `first` is one of them. */
export const foldSeries = (first: FoldedEvent, events: readonly FoldedEvent[]): Aggregate => {
  const { kind } = first;
  const count = events.length;
  switch (kind) {
    case "sum": {
      const sum = new Sum();
      for (const event of events) sum.add(event.micros);
      return { kind, sum: sum.total(), count };
    }
    case "count":
    case "unique":
      return { kind, count };
    case "min":
    case "max": {
      let { micros } = first;
      for (const event of events)
        if (kind === "min" ? event.micros < micros : event.micros > micros) micros = event.micros;
      return { kind, micros: BigInt(micros), count };
    }
    case "latest":
      return { kind, sample: events.map(sampleOf).reduce(later), count };
    default:
      return { kind, samples: lastOfMinutes(events.map(sampleOf)), count };
  }
};

/**
 * What two aggregates of one series come to together. Commutative and associative; segments must not overlap in time.
 * Whether an event is in both is the caller's to know, by its id.
 */
export const combine = (a: Aggregate, b: Aggregate): Aggregate => {
  const count = a.count + b.count;
  if (a.kind === "sum" && b.kind === "sum") return { kind: "sum", sum: a.sum + b.sum, count };
  if (a.kind === "count" && b.kind === "count") return { kind: "count", count };
  if (a.kind === "unique" && b.kind === "unique") return { kind: "unique", count };
  if (a.kind === "min" && b.kind === "min")
    return { kind: "min", micros: a.micros < b.micros ? a.micros : b.micros, count };
  if (a.kind === "max" && b.kind === "max")
    return { kind: "max", micros: a.micros > b.micros ? a.micros : b.micros, count };
  if (a.kind === "latest" && b.kind === "latest") return { kind: "latest", sample: later(a.sample, b.sample), count };
  if (a.kind === "time_weighted_average" && b.kind === "time_weighted_average")
    return { kind: "time_weighted_average", samples: lastOfMinutes([...a.samples, ...b.samples]), count };
  if (a.kind === "segment" && b.kind === "segment")
    return { kind: "segment", segment: join(a.segment, b.segment), count };
  throw new Error(`A ${a.kind} does not combine with a ${b.kind}.`);
};

/** How many minutes a sample holds, if no other follows: 35 days. */
export const holds = 35 * 24 * 60;

/** What a value comes to from one minute to another. */
export const held = (micros: bigint, from: number, to: number): bigint =>
  micros * BigInt(Math.max(0, Math.min(to - from, holds)));

const join = (a: Segment, b: Segment): Segment => {
  const [early, late] = a.first <= b.first ? [a, b] : [b, a];
  if (late.first < early.last) throw new Error("Segments that overlap do not join.");
  const between = held(early.micros, early.last, late.first);
  return {
    first: early.first,
    last: late.last,
    micros: late.micros,
    integral: early.integral + between + late.integral,
  };
};

/** The samples of an hour as a segment; any other aggregate as it is. */
export const settled = (aggregate: Aggregate): Aggregate => {
  if (aggregate.kind !== "time_weighted_average") return aggregate;
  const segments = aggregate.samples.map(({ at, micros }): Segment => {
    const minute = minuteOf(at);
    return { first: minute, last: minute, micros, integral: 0n };
  });
  return { kind: "segment", segment: segments.reduce(join), count: aggregate.count };
};
