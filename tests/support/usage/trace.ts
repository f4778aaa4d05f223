import { gzipSync } from "node:zlib";
import { fingerprint } from "@tenantry/core/usage/fingerprint";
import type { Meter } from "@tenantry/core/usage/meters";
import type { OracleEvent } from "@tenantry/core/usage/testing/oracle";
import { seeded } from "./random.ts";

/** A record as it is put into the stream. */
export type Put = { readonly key: string; readonly data: Buffer };

export type Trace = {
  readonly puts: readonly Put[];
  /** What must be counted, each event once. */
  readonly counted: readonly OracleEvent[];
  /** Lines that must be set aside. */
  readonly poisoned: number;
};

type Options = {
  readonly seed: number;
  readonly events: number;
  readonly tenants: readonly string[];
  /** All meters in their order, of which the events use those with a name of `used`. */
  readonly meters: readonly Meter[];
  readonly used: readonly string[];
  readonly now: number;
};

const minute = 60_000;
const day = 24 * 60 * minute;

/**
 * What producers send at their worst: tenants of any size, values of up to six decimals, events up to 35 days late and
 * five minutes early, some sent again under other sequence numbers, some packed, some compressed, some poison.
 */
export const traceOf = ({ seed, events, tenants, meters, used, now }: Options): Trace => {
  const random = seeded(seed);
  const below = (end: number) => Math.floor(random() * end);
  const counted: OracleEvent[] = [];
  const lines: { readonly tenant: string; readonly text: string }[] = [];
  let poisoned = 0;

  for (let n = 0; n < events; n++) {
    const tenant = tenants[Math.floor(random() ** 3 * tenants.length)] ?? "";
    if (random() < 0.02) {
      lines.push({ tenant, text: poison(tenant, below, now) });
      poisoned++;
      continue;
    }
    const metric = used[below(used.length)] ?? "";
    const meter = meters.find(({ name }) => name === metric);
    const isOrdered = meter?.aggregation === "latest" || meter?.aggregation === "time_weighted_average";
    const at = timeOf(random, now);
    const micros = BigInt(Math.floor(random() * 10 ** (1 + below(15))));
    // Which sample of one millisecond stands is decided by its id, so these have one.
    const id = isOrdered || random() < 0.7 ? `${seed}-${n}` : undefined;
    const user = `user-${Math.floor(random() ** 2 * 400)}`;
    const dimensions = {
      ...(random() < 0.8 ? { plan: ["free", "pro", "a|b=c"][below(3)] ?? "" } : {}),
      ...(random() < 0.5 ? { region: ["eu", "us 1"][below(2)] ?? "" } : {}),
      route: `/not/declared/${n % 7}`,
    };
    const { hi, lo } = fingerprint(
      id ?? "",
      meters.findIndex(({ name }) => name === metric),
    );
    const rank = BigInt(hi) * 2n ** 32n + BigInt(lo);
    counted.push({ tenantId: tenant, metric, micros, at, user, dimensions, rank });
    const timestamp = new Date(at).toISOString();
    const text = `{"tenant_id":"${tenant}","metric":"${metric}","value":${decimal(micros)},"timestamp":"${random() < 0.5 ? timestamp : timestamp.replace("Z", "789")}","user_id":"${user}","dimensions":${JSON.stringify(dimensions)}${id === undefined ? "" : `,"id":"${id}"`}}`;
    lines.push({ tenant, text });
    if (id !== undefined && random() < 0.08) lines.push({ tenant, text });
    // Much later, behind others: under another sequence number, and maybe on another shard.
    if (id !== undefined && random() < 0.04) lines.splice(below(lines.length), 0, { tenant, text });
  }
  return { puts: pack(lines, random), counted, poisoned };
};

/** Mostly of the last two hours, some as early or as late as is accepted. */
const timeOf = (random: () => number, now: number): number => {
  const dice = random();
  if (dice < 0.02) return now + Math.floor(random() * 4 * minute);
  if (dice < 0.75) return now - Math.floor(random() * 120 * minute);
  return now - Math.floor(random() ** 2 * 34.9 * day);
};

const decimal = (micros: bigint): string => {
  const digits = micros.toString().padStart(7, "0");
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
};

const poison = (tenant: string, below: (end: number) => number, now: number): string => {
  const whole = { tenant_id: tenant, metric: "api_calls", value: 1, timestamp: new Date(now).toISOString() };
  const lines: readonly (() => string)[] = [
    () => "{not json",
    () => JSON.stringify(whole).replace('"value":1', '"value":NaN'),
    () => JSON.stringify({ ...whole, value: "1" }),
    () => JSON.stringify({ ...whole, value: -1 }),
    () => JSON.stringify({ ...whole, value: 1e300 }),
    () => JSON.stringify({ ...whole, value: 0.1234567 }),
    () => JSON.stringify({ ...whole, metric: "coffee" }),
    () => JSON.stringify({ ...whole, tenant_id: "ten_01JD0000000000000000000000" }),
    () => JSON.stringify({ ...whole, timestamp: "yesterday" }),
    () => JSON.stringify({ ...whole, timestamp: new Date(now - 36 * day).toISOString() }),
    () => JSON.stringify({ ...whole, timestamp: "9999-12-31T00:00:00Z" }),
    () => JSON.stringify({ ...whole, id: "i".repeat(300) }),
    () => JSON.stringify({ ...whole, metric: "active_users" }),
    () => JSON.stringify({ ...whole, dimensions: { plan: 1 } }),
  ];
  return lines[below(lines.length)]?.() ?? "";
};

/** Records of one to sixty lines, a third of them compressed; the keys of some are salted, which spreads a tenant over shards. */
const pack = (lines: readonly { readonly tenant: string; readonly text: string }[], random: () => number): Put[] => {
  const puts: Put[] = [];
  for (let at = 0; at < lines.length;) {
    const size = random() < 0.5 ? 1 : 1 + Math.floor(random() * 60);
    const part = lines.slice(at, at + size);
    at += size;
    const text = Buffer.from(part.map((line) => line.text).join("\n"));
    const salt = random() < 0.3 ? `#${Math.floor(random() * 8)}` : "";
    puts.push({
      key: `${part[0]?.tenant}${salt}`,
      // A single line that is not JSON is poison as it is; compressed it is the same.
      data: random() < 0.33 ? gzipSync(text) : text,
    });
  }
  return puts;
};
