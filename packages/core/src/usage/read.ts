import type { Clock } from "../ports.ts";
import { Problem } from "../problem.ts";
import { type Aggregate, combine, minuteOf, type Segment } from "./aggregate.ts";
import { averageOver } from "./average.ts";
import { formatMicros } from "./decimal.ts";
import type { Meter, Meters } from "./meters.ts";
import { type Piece, readPieces } from "./pieces.ts";
import type { UsageTotals } from "./ports.ts";
import { groupOf, parseSeries } from "./series.ts";
import { readUsers } from "./users.ts";
import { bucketsOf, type HourRange, instant, isFinal, type UsageBucket, type UsageWindow } from "./window.ts";

export type UsageQuery = {
  readonly tenantId: string;
  /** The meter's name. */
  readonly metric: string;
  readonly range: HourRange;
  readonly window: UsageWindow;
  /** Names of dimensions that the meter declares. An event without one of them is in the group without it. */
  readonly groupBy: readonly string[];
};

/** What a combination of dimension values used. Without `groupBy` there is one group, of no dimensions. */
export type UsageGroup = {
  readonly dimensions: Readonly<Record<string, string>>;
  /** From the start of the range to its end, the empty ones too. */
  readonly buckets: readonly UsageBucket[];
};

export type Usage = {
  readonly meter: Meter;
  /** Without `groupBy` exactly one; with it, those with any usage in the range, in the order of their dimensions. */
  readonly groups: readonly UsageGroup[];
  readonly asOf: Date;
};

export type ReadUsagePorts = {
  readonly usage: UsageTotals;
  readonly meters: Meters;
  readonly clock: Clock;
};

/** A bucket's value in micro-units and its count. */
type Amount = { readonly micros: bigint; readonly count: number };

/** The amounts of each group, bucket by bucket. */
type Amounts = ReadonlyMap<string, readonly (Amount | undefined)[]>;

/**
 * Reads usage, for whoever may: callers authorise. Every finished write is in the answer.
 *
 * @throws Problem `invalid-request` for an unknown metric or dimension
 */
export const readUsage =
  (ports: ReadUsagePorts) =>
  async (query: UsageQuery): Promise<Usage> => {
    const meter = find(await ports.meters.list(), query);
    const asOf = ports.clock();
    const buckets = bucketsOf(query.range, query.window);
    const amounts =
      meter.aggregation === "unique"
        ? await countUsers(ports.usage, query, buckets)
        : await fold(ports.usage, query, meter, buckets, minuteOf(asOf.getTime()));
    const none = query.groupBy.length === 0 && amounts.size === 0 ? [meter.name] : [];
    const groups = [...amounts.keys(), ...none].toSorted().map((group): UsageGroup => {
      const ofGroup = amounts.get(group);
      return {
        dimensions: parseSeries(group).dimensions,
        buckets: buckets.map((bucket, index) => ({
          start: instant(bucket.from),
          end: instant(bucket.to),
          value: formatMicros(ofGroup?.[index]?.micros ?? 0n),
          count: ofGroup?.[index]?.count ?? 0,
          final: isFinal(bucket, asOf),
        })),
      };
    });
    return { meter, groups, asOf };
  };

const find = (meters: readonly Meter[], { metric, groupBy }: UsageQuery): Meter => {
  const meter = meters.find(({ name }) => name === metric);
  if (meter === undefined)
    throw new Problem("invalid-request", `There is no meter ${metric.slice(0, 64)}.`, {
      errors: [{ pointer: "query:metric", detail: `must be one of ${meters.map(({ name }) => name).join(", ")}` }],
    });
  const unknown = groupBy.find((name) => meter.dimensions.every((dimension) => dimension.name !== name));
  if (unknown !== undefined)
    throw new Problem("invalid-request", `The meter ${metric} has no dimension ${unknown.slice(0, 64)}.`, {
      errors: [{ pointer: "query:group_by", detail: "must name dimensions of the meter" }],
    });
  return meter;
};

const countUsers = async (
  usage: UsageTotals,
  { tenantId, metric, window, groupBy }: UsageQuery,
  buckets: readonly HourRange[],
): Promise<Amounts> => {
  const counts = await readUsers(usage, tenantId, metric, buckets, window, groupBy);
  const groups = new Set(counts.flatMap((each) => [...each.keys()]));
  return new Map(
    [...groups].map((group) => [
      group,
      counts.map((each) => {
        const count = each.get(group) ?? 0;
        return { micros: BigInt(count) * 1_000_000n, count };
      }),
    ]),
  );
};

/** A sample holds for 35 days, so what was measured so long before the range still counts in it. */
const before = 35 * 24;

const fold = async (
  usage: UsageTotals,
  { tenantId, range, window, groupBy }: UsageQuery,
  meter: Meter,
  buckets: readonly HourRange[],
  now: number,
): Promise<Amounts> => {
  const isAverage = meter.aggregation === "time_weighted_average";
  const [earlier, pieces] = await Promise.all([
    isAverage ? readPieces(usage, tenantId, meter, { from: range.from - before, to: range.from }, "day") : [],
    readPieces(usage, tenantId, meter, range, window),
  ]);
  const all = [...earlier, ...pieces];
  const groups = Map.groupBy(new Set(all.flatMap(({ totals }) => Object.keys(totals))), (series) =>
    groupOf(series, groupBy),
  );
  const byBucket = inBuckets(pieces, buckets);
  return new Map(
    [...groups].map(([group, series]) => {
      const steps = isAverage ? series.map((each) => stepsOf(all, each)) : [];
      const amounts = buckets.map((bucket, index): Amount | undefined => {
        const aggregate = aggregateOf(byBucket[index] ?? [], series);
        if (!isAverage) return aggregate && { micros: valueOf(aggregate), count: aggregate.count };
        return { micros: averageOver(steps, bucket, now, meter.decimals), count: aggregate?.count ?? 0 };
      });
      return [group, amounts];
    }),
  );
};

/** The pieces of each bucket. Both are in order of time, and no piece is in two buckets. */
const inBuckets = (pieces: readonly Piece[], buckets: readonly HourRange[]): Piece[][] => {
  let next = 0;
  return buckets.map(({ to }) => {
    const inside: Piece[] = [];
    for (let piece = pieces[next]; piece !== undefined && piece.from < to; piece = pieces[++next]) inside.push(piece);
    return inside;
  });
};

const stepsOf = (pieces: readonly Piece[], series: string): Segment[] =>
  pieces.flatMap(({ totals }) => {
    const aggregate = totals[series];
    return aggregate?.kind === "segment" ? [aggregate.segment] : [];
  });

/** What these series come to together. Of time-weighted averages only the count is used, for series overlap in time. */
const aggregateOf = (pieces: readonly Piece[], series: readonly string[]): Aggregate | undefined => {
  const found = pieces.flatMap(({ totals }) =>
    series.flatMap((each) => {
      const aggregate = totals[each];
      if (aggregate === undefined) return [];
      return aggregate.kind === "segment" ? [{ kind: "count", count: aggregate.count } as const] : [aggregate];
    }),
  );
  const [first, ...others] = found;
  return first === undefined ? undefined : others.reduce<Aggregate>(combine, first);
};

const valueOf = (aggregate: Aggregate): bigint => {
  switch (aggregate.kind) {
    case "sum":
      return aggregate.sum;
    case "count":
    case "unique":
      return BigInt(aggregate.count) * 1_000_000n;
    case "min":
    case "max":
      return aggregate.micros;
    case "latest":
      return aggregate.sample.micros;
    default:
      throw new Error("A time-weighted average is not a value by itself.");
  }
};
