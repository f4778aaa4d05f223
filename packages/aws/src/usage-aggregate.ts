import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Aggregate, Sample } from "@tenantry/core/usage/aggregate";
import type { Totals } from "@tenantry/core/usage/fold";

const number = (value: number | bigint): AttributeValue => ({ N: value.toString() });
const letter = (value: string): AttributeValue => ({ S: value });

/** Milliseconds, fingerprint and micro-units of a sample, eight bytes each. */
const sampleBytes = 24;

const packSamples = (samples: readonly Sample[]): Uint8Array => {
  const bytes = new Uint8Array(samples.length * sampleBytes);
  const view = new DataView(bytes.buffer);
  for (const [index, { at, hi, lo, micros }] of samples.entries()) {
    const start = index * sampleBytes;
    view.setFloat64(start, at);
    view.setInt32(start + 8, hi);
    view.setInt32(start + 12, lo);
    view.setBigInt64(start + 16, micros);
  }
  return bytes;
};

const unpackSamples = (bytes: Uint8Array): Sample[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.byteLength / sampleBytes) }, (_, index) => {
    const start = index * sampleBytes;
    return {
      at: view.getFloat64(start),
      hi: view.getInt32(start + 8),
      lo: view.getInt32(start + 12),
      micros: view.getBigInt64(start + 16),
    };
  });
};

/** A list of few bytes: what it is by a letter, but for the most frequent, its numbers, exact to 38 digits, and the count. */
const pack = (aggregate: Aggregate): AttributeValue[] => {
  const count = number(aggregate.count);
  switch (aggregate.kind) {
    case "sum":
      return [number(aggregate.sum), count];
    case "count":
      return [letter("c"), count];
    case "unique":
      return [letter("u"), count];
    case "min":
      return [letter("n"), number(aggregate.micros), count];
    case "max":
      return [letter("x"), number(aggregate.micros), count];
    case "latest":
      return [letter("l"), { B: packSamples([aggregate.sample]) }, count];
    case "time_weighted_average":
      return [letter("t"), { B: packSamples(aggregate.samples) }, count];
    default: {
      const { first, last, micros, integral } = aggregate.segment;
      return [letter("s"), number(first), number(last), number(micros), number(integral), count];
    }
  }
};

/** @returns undefined when the list is none that `pack` made. */
const unpack = (list: readonly AttributeValue[]): Aggregate | undefined => {
  const count = Number(list.at(-1)?.N);
  if (!Number.isSafeInteger(count)) return undefined;
  const whole = (at: number) => BigInt(list[at]?.N ?? "damaged");
  const samples = () => unpackSamples(list[1]?.B ?? new Uint8Array());
  switch (list[0]?.S) {
    case undefined:
      return list.length === 2 ? { kind: "sum", sum: whole(0), count } : undefined;
    case "c":
      return { kind: "count", count };
    case "u":
      return { kind: "unique", count };
    case "n":
      return { kind: "min", micros: whole(1), count };
    case "x":
      return { kind: "max", micros: whole(1), count };
    case "l": {
      const [sample] = samples();
      return sample && { kind: "latest", sample, count };
    }
    case "t":
      return { kind: "time_weighted_average", samples: samples(), count };
    case "s": {
      const segment = { first: Number(whole(1)), last: Number(whole(2)), micros: whole(3), integral: whole(4) };
      return { kind: "segment", segment, count };
    }
    default:
      return undefined;
  }
};

/** Aggregates by series, as a map of lists. */
export const packTotals = (totals: Totals): AttributeValue => ({
  M: Object.fromEntries(Object.entries(totals).map(([series, aggregate]) => [series, { L: pack(aggregate) }])),
});

/** @returns undefined when an aggregate is damaged. */
export const unpackTotals = (value: AttributeValue | undefined): Totals | undefined => {
  const totals: Record<string, Aggregate> = {};
  for (const [series, { L = [] }] of Object.entries(value?.M ?? {})) {
    const aggregate = unpack(L);
    if (aggregate === undefined) return undefined;
    totals[series] = aggregate;
  }
  return totals;
};
