import { z } from "zod";

/** How a meter's events become one number. All are exact, and none minds in which order or how often events come. */
export const aggregations = ["sum", "count", "min", "max", "latest", "unique", "time_weighted_average"] as const;
export type Aggregation = (typeof aggregations)[number];

/** Limits of definitions: with them no item of the Usage table comes near DynamoDB's 400 KB. */
export const meterLimits = { meters: 100, dimensions: 6, cardinality: 1000 } as const;

/** What is kept for each series is larger where users or samples are kept: these meters have fewer. */
const tighter: Readonly<Partial<Record<Aggregation, { readonly dimensions: number; readonly cardinality: number }>>> = {
  unique: { dimensions: 3, cardinality: 200 },
  time_weighted_average: { dimensions: 6, cardinality: 50 },
};

const lowerCase = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/, "must be a lower-case letter, and more of them, digits or _");

/** All of a meter but its name. */
export const MeterDefinition = z
  .strictObject({
    unit: z.string().min(1).max(32).meta({ description: "One of it.", example: "call" }),
    aggregation: z.enum(aggregations).meta({ description: "How events become one number.", example: "sum" }),
    decimals: z.int().min(0).max(6).meta({ description: "Places that values may have after the point." }),
    dimensions: z
      .array(z.strictObject({ name: lowerCase }))
      .max(meterLimits.dimensions)
      .meta({ description: "What usage can be grouped by. Other dimensions of events are kept and not looked at." }),
    cardinality_limit: z
      .int()
      .min(1)
      .max(meterLimits.cardinality)
      .meta({ description: "How many combinations of dimension values one tenant may have in a month." }),
  })
  .check(({ value: { aggregation, dimensions, cardinality_limit }, issues }) => {
    const fault = (path: string, message: string) =>
      issues.push({ code: "custom", path: [path], message, input: aggregation });
    const limits = tighter[aggregation];
    if (new Set(dimensions.map((dimension) => dimension.name)).size < dimensions.length)
      fault("dimensions", "must differ in their names");
    if (limits !== undefined && dimensions.length > limits.dimensions)
      fault("dimensions", `must be ${limits.dimensions} at most with ${aggregation}`);
    if (limits !== undefined && cardinality_limit > limits.cardinality)
      fault("cardinality_limit", `must be ${limits.cardinality} at most with ${aggregation}`);
  });
export type MeterDefinition = z.infer<typeof MeterDefinition>;

export const MeterName = lowerCase.meta({ id: "MeterName", description: "A meter's name.", example: "api_calls" });

/** A meter as data: what its events measure, and how they are folded. */
export type Meter = MeterDefinition & { readonly name: string };

/** The meters there are before any is defined. The order never changes: a meter's place is part of its events' identity. */
export const shippedMeters: readonly Meter[] = [
  { name: "api_calls", unit: "call", aggregation: "sum", decimals: 6, dimensions: [], cardinality_limit: 100 },
  {
    name: "storage_gb",
    unit: "gigabyte",
    aggregation: "time_weighted_average",
    decimals: 6,
    dimensions: [],
    cardinality_limit: 20,
  },
  { name: "compute_hours", unit: "hour", aggregation: "sum", decimals: 6, dimensions: [], cardinality_limit: 100 },
  { name: "active_users", unit: "user", aggregation: "unique", decimals: 0, dimensions: [], cardinality_limit: 100 },
];

/** The definitions as stored: all of them in one place, which changes as a whole. */
export type MeterList = {
  /** Grows by one with each change; 0 has never been changed. */
  readonly version: number;
  /** In the order in which they were made, the shipped ones first. */
  readonly meters: readonly Meter[];
};

/** The definitions of meters, for whoever only reads them. */
export interface Meters {
  /** The meters in the order in which they were made, the shipped ones first. */
  list(): Promise<readonly Meter[]>;
}

/** A definition as the consumer uses it. */
export type NumberedMeter = Meter & {
  /** Its place in the list: part of its events' identity. */
  readonly number: number;
  /** The names of its dimensions, sorted. */
  readonly names: readonly string[];
  /** Values are whole multiples of so many micro-units. */
  readonly step: number;
};

export type MeterTable = ReadonlyMap<string, NumberedMeter>;

export const meterTable = (meters: readonly Meter[]): MeterTable =>
  new Map(
    meters.map((meter, number) => [
      meter.name,
      {
        ...meter,
        number,
        names: meter.dimensions.map(({ name }) => name).toSorted(),
        step: 10 ** (6 - meter.decimals),
      },
    ]),
  );
