import type { Aggregation, Meter, NumberedMeter } from "./meters.ts";

/**
 * A series: a meter and the values of its declared dimensions, as far as an event has them. Its text is the key of its
 * aggregate: `api_calls`, or `api_calls|plan=pro|region=eu%201`, dimensions sorted, values percent-encoded.
 */
export type Series = { readonly metric: string; readonly dimensions: Readonly<Record<string, string>> };

/** Encoding takes longer than all else about an event, and values repeat. */
const encoded = new Map<string, string>();

const encode = (value: string): string => {
  let text = encoded.get(value);
  if (text === undefined) {
    text = encodeURIComponent(value);
    if (encoded.size >= 10_000) encoded.clear();
    encoded.set(value, text);
  }
  return text;
};

/** @param dimensions values are well-formed strings */
export const seriesOf = (
  meter: Pick<NumberedMeter, "name" | "names">,
  dimensions: Readonly<Record<string, unknown>> | undefined,
): string => {
  if (dimensions === undefined) return meter.name;
  let text = meter.name;
  for (const name of meter.names) {
    const value = Object.hasOwn(dimensions, name) ? dimensions[name] : undefined;
    if (typeof value === "string") text += `|${name}=${encode(value)}`;
  }
  return text;
};

export const parseSeries = (text: string): Series => {
  const [metric = "", ...pairs] = text.split("|");
  const dimensions = pairs.map((pair) => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at), decodeURIComponent(pair.slice(at + 1))] as const;
  });
  return { metric, dimensions: Object.fromEntries(dimensions) };
};

/** The meter of a series. */
export const metricOf = (series: string): string => {
  const at = series.indexOf("|");
  return at < 0 ? series : series.slice(0, at);
};

/** The group that a series falls into: the series of its dimensions named in `groupBy`, and of no others. */
export const groupOf = (series: string, groupBy: readonly string[]): string => {
  const { metric, dimensions } = parseSeries(series);
  return seriesOf({ name: metric, names: groupBy.toSorted() }, dimensions);
};

/** What series of one tenant and month may weigh together, so that no item of theirs comes near DynamoDB's 400 KB. */
export const heaviest = 150_000;

/** Bytes that a series can take of the item it weighs most in. */
export const weightOf = (series: string, meter: Pick<Meter, "aggregation" | "dimensions">): number =>
  weights[meter.aggregation](series.length, meter.dimensions.length);

const plain = (bytes: number) => bytes + 60;
const weights: Readonly<Record<Aggregation, (bytes: number, dimensions: number) => number>> = {
  sum: plain,
  count: plain,
  min: plain,
  max: plain,
  latest: plain,
  // A day of it has a number for each way of grouping.
  unique: (bytes, dimensions) => (bytes + 20) * 2 ** dimensions,
  // An hour of it has a sample a minute.
  time_weighted_average: (bytes) => bytes + 60 * 19 + 60,
};
