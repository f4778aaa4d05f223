import { uuidv7 } from "./uuid.ts";

/** What was used. */
export type Usage = {
  readonly tenant_id: string;
  readonly metric: string;
  /** From 0 to 1e12. Rounded to six decimals, which is what the meter keeps. */
  readonly value: number;
  /** When it was used; now by default. From 35 days ago to 5 minutes ahead. */
  readonly timestamp?: Date;
  /** The event's identity; a new UUIDv7 by default. Events with one id count once. */
  readonly id?: string;
  /** Who used it: needed by meters of unique users. */
  readonly user_id?: string;
  /** Up to 16 names and values of 1 to 256 characters. */
  readonly dimensions?: Readonly<Record<string, string>>;
};

/** One event as it goes over the wire, in one line. */
export type Line = { readonly tenant: string; readonly text: string; readonly bytes: number };

const tenantId = /^ten_[0-9A-HJKMNP-TV-Z]{26}$/;
const maxText = 256;
const maxDimensions = 16;
const maxValue = 1e12;
const encoder = new TextEncoder();

const isText = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= maxText;

const optional = (name: string, value: unknown): void => {
  if (value !== undefined && !isText(value))
    throw new TypeError(`${name} must be a string of 1 to ${maxText} characters.`);
};

/**
 * The event as the consumer takes it, with its identity. What the consumer would set aside is refused here, where its
 * author can see it.
 *
 * @throws TypeError that says what is wrong with it.
 */
export const lineOf = (usage: Usage, now: number): Line => {
  const { tenant_id, metric, value, timestamp, id, user_id, dimensions } = usage;
  if (typeof tenant_id !== "string" || !tenantId.test(tenant_id))
    throw new TypeError("tenant_id must be a tenant's id.");
  if (!isText(metric)) throw new TypeError("metric must name a meter.");
  if (typeof value !== "number" || !(value >= 0 && value <= maxValue))
    throw new TypeError(`value must be a number from 0 to ${maxValue}.`);
  optional("id", id);
  optional("user_id", user_id);
  if (dimensions !== undefined) {
    const entries = Object.entries(dimensions);
    if (entries.length > maxDimensions || !entries.every(([name, text]) => isText(name) && isText(text)))
      throw new TypeError(`dimensions must be an object of up to ${maxDimensions} short strings.`);
  }
  const text = JSON.stringify({
    id: id ?? uuidv7(now),
    tenant_id,
    metric,
    value: Number(value.toFixed(6)),
    timestamp: (timestamp ?? new Date(now)).toISOString(),
    user_id,
    dimensions,
  });
  return { tenant: tenant_id, text, bytes: encoder.encode(text).byteLength };
};
