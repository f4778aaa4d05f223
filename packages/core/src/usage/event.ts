import { acceptAhead, acceptBack, closesAt, hourMs } from "./accept.ts";
import { type Micros, toMicros } from "./decimal.ts";
import type { MeterTable, NumberedMeter } from "./meters.ts";
import { seriesOf } from "./series.ts";
import { timestampParser } from "./timestamp.ts";

/** A usage event as the meter counts it. The archive keeps the rest of what was sent. */
export type UsageEvent = {
  readonly tenantId: string;
  readonly meter: NumberedMeter;
  readonly series: string;
  readonly micros: Micros;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Hours since 1970 in UTC: the chunk the event belongs to. */
  readonly hour: number;
  /** The producer's id, if it gave one. */
  readonly id: string | undefined;
  /** Who used it: events of a `unique` meter have it. */
  readonly user: string | undefined;
};

/** Why an event is set aside. */
export const rejections = [
  "empty",
  "truncated-gzip",
  "invalid-gzip",
  "too-large",
  "not-utf8",
  "not-json",
  "not-an-object",
  "invalid-tenant",
  "unknown-tenant",
  "deleted-tenant",
  "unknown-metric",
  "invalid-value",
  "invalid-timestamp",
  "too-late",
  "too-early",
  "invalid-id",
  "invalid-user",
  "invalid-dimensions",
  "batch-failed",
  "dimension-limit",
] as const;
export type Rejection = { readonly reason: (typeof rejections)[number]; readonly detail: string };

const tenantId = /^ten_[0-9A-HJKMNP-TV-Z]{26}$/;
const maxText = 256;
const maxDimensions = 16;
const maxKnown = 10_000;
const parseTimestamp = timestampParser();

/** Ids that passed: the same ones come again and again, and to find one here is faster than the pattern. */
const known = new Set<string>();
const isTenantId = (id: string): boolean => {
  if (known.has(id)) return true;
  if (!tenantId.test(id)) return false;
  if (known.size >= maxKnown) known.clear();
  known.add(id);
  return true;
};

const reject = (reason: Rejection["reason"], detail: string): Rejection => ({ reason, detail });

const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= maxText;

export const isRejection = (parsed: UsageEvent | Rejection): parsed is Rejection => "reason" in parsed;

/**
 * Parses one event at the boundary; by hand, as this is the hottest code of the meter. Fields it does not know are let
 * through: they are in the archive.
 *
 * @param text the event's JSON
 * @param arrivedAt when the stream took it, in milliseconds
 * @param now the consumer's clock, in milliseconds
 */
export const parseEvent = (
  text: string,
  meters: MeterTable,
  arrivedAt: number,
  now: number,
): UsageEvent | Rejection => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return reject("not-json", "The event is not JSON.");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    return reject("not-an-object", "An event is a JSON object.");
  const event = parsed as Readonly<Record<string, unknown>>;

  const tenant = event["tenant_id"];
  if (typeof tenant !== "string" || !isTenantId(tenant))
    return reject("invalid-tenant", "tenant_id must be a tenant's id.");

  const metric = event["metric"];
  const meter = typeof metric === "string" ? meters.get(metric) : undefined;
  if (meter === undefined) return reject("unknown-metric", "metric names no meter.");

  const micros = microsOf(event["value"], meter, text);
  if (typeof micros === "string") return reject("invalid-value", `value ${micros}.`);

  const timestamp = event["timestamp"];
  const at = typeof timestamp === "string" ? parseTimestamp(timestamp) : undefined;
  if (at === undefined) return reject("invalid-timestamp", "timestamp must be an RFC 3339 instant.");
  const hour = Math.floor(at / hourMs);
  if (at < arrivedAt - acceptBack) return reject("too-late", "timestamp is more than 35 days before the arrival.");
  if (at > arrivedAt + acceptAhead) return reject("too-early", "timestamp is more than 5 minutes after the arrival.");
  if (closesAt((hour + 1) * hourMs) < now)
    return reject("too-late", "The event's hour was closed before its turn came.");

  const id = event["id"];
  if (id !== undefined && id !== null && !isText(id))
    return reject("invalid-id", `id must be a string of 1 to ${maxText} characters.`);
  const user = event["user_id"];
  if (user !== undefined && user !== null && !isText(user))
    return reject("invalid-user", `user_id must be a string of 1 to ${maxText} characters.`);
  if (meter.aggregation === "unique" && (user === undefined || user === null))
    return reject("invalid-user", "An event of this meter needs a user_id.");
  const dimensions = event["dimensions"] ?? undefined;
  if (dimensions !== undefined && !areDimensions(dimensions))
    return reject("invalid-dimensions", `dimensions must be an object of up to ${maxDimensions} short strings.`);

  const series = dimensions === undefined || meter.names.length === 0 ? meter.name : seriesOf(meter, dimensions);
  return { tenantId: tenant, meter, series, micros, at, hour, id: id ?? undefined, user: user ?? undefined };
};

/** The value in micro-units, or why it is none. Where only events or users are counted it may be left out. */
const microsOf = (value: unknown, meter: NumberedMeter, text: string): Micros | string => {
  if (value === undefined && (meter.aggregation === "count" || meter.aggregation === "unique")) return 0;
  const micros = toMicros(value, text, sourceOfValue);
  if (meter.step === 1 || typeof micros === "string") return micros;
  const left = typeof micros === "bigint" ? micros % BigInt(meter.step) : micros % meter.step;
  return Number(left) === 0 ? micros : `has more than ${meter.decimals} decimals`;
};

const areDimensions = (value: unknown): value is Readonly<Record<string, string>> => {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= maxDimensions &&
    entries.every(([name, text]) => isText(name) && isText(text) && text.isWellFormed())
  );
};

/** The number under the top-level `value` as it was written. JSON.parse alone would have rounded it. */
const sourceOfValue = (text: string): string | undefined => {
  type Reviver = (this: object, key: string, value: unknown, context: { readonly source?: string }) => unknown;
  const parse = JSON.parse as (text: string, reviver: Reviver) => object;
  const written = new Map<object, string | undefined>();
  const event = parse(text, function remember(key, value, context) {
    if (key === "value") written.set(this, context.source);
    return value;
  });
  return written.get(event);
};
