/** How a meter's events become one number. All are exact, and none minds in which order or how often events come. */
export const aggregations = ["sum", "count", "min", "max", "latest", "unique", "time_weighted_average"] as const;
export type Aggregation = (typeof aggregations)[number];

/** A meter as data: what its events measure, and how they are folded. */
export type Meter = {
  readonly name: string;
  /** One of it, such as `call` or `gigabyte`. */
  readonly unit: string;
  readonly aggregation: Aggregation;
  /** Places that its values may have after the point, six at most. */
  readonly decimals: number;
  /** What its usage can be grouped by. Other dimensions of an event are kept in the archive and not looked at. */
  readonly dimensions: readonly { readonly name: string }[];
  /** How many combinations of dimension values one tenant may have in a month. */
  readonly cardinality_limit: number;
};

/** The meters there are before any is defined. The order never changes: a meter's place is part of its events' identity. */
export const shippedMeters = [
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
] as const satisfies readonly Meter[];

/** Where the definitions of meters are kept. */
export interface Meters {
  /** All of them, in the order in which they were made, the shipped ones first. */
  list(): Promise<readonly Meter[]>;
}

export type MeterName = (typeof shippedMeters)[number]["name"];

export const meterNames: readonly MeterName[] = shippedMeters.map((meter) => meter.name);

export const isMeter = (name: string): name is MeterName => shippedMeters.some((meter) => meter.name === name);

const folded: ReadonlySet<Aggregation> = new Set(["sum", "count"]);

/** Whether the pages can fold this meter. Events of the others are set aside whole until they can. */
export const isFolded = (name: MeterName): boolean =>
  shippedMeters.some((meter) => meter.name === name && folded.has(meter.aggregation));

/** The meters whose usage can be asked for. */
export const foldedMeters = meterNames.filter(isFolded);
