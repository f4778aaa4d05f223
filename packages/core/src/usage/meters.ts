/** How a meter's events become one number: the design's full list. What the pages fold today is in `folded`. */
export type Aggregation = "sum" | "count" | "unique" | "time_weighted_average";

const folded: ReadonlySet<Aggregation> = new Set(["sum", "count"]);

export type Meter = { readonly unit: string; readonly aggregation: Aggregation };

/** Meters as data. The order never changes: a meter's position is part of its events' identity. */
export const meters = {
  api_calls: { unit: "call", aggregation: "sum" },
  storage_gb: { unit: "gigabyte", aggregation: "time_weighted_average" },
  compute_hours: { unit: "hour", aggregation: "sum" },
  active_users: { unit: "user", aggregation: "unique" },
} as const satisfies Record<string, Meter>;

export type MeterName = keyof typeof meters;

export const meterNames = Object.keys(meters) as MeterName[];

export const isMeter = (name: string): name is MeterName => Object.hasOwn(meters, name);

/** Whether the pages can fold this meter. Events of the others are set aside whole until they can. */
export const isFolded = (name: MeterName): boolean => folded.has(meters[name].aggregation);

/** The meters whose usage can be asked for. */
export const foldedMeters = meterNames.filter(isFolded);
