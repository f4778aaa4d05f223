import { gzipSync } from "node:zlib";
import { fingerprint } from "@tenantry/core/usage/fingerprint";
import type { Meter } from "@tenantry/core/usage/meters";
import type { OracleEvent } from "@tenantry/core/usage/testing/oracle";
import type { Correction } from "./correct.ts";
import { seeded } from "./random.ts";

/** A record as it is put into the stream. */
export type Put = { readonly key: string; readonly data: Buffer };

export type Trace = {
  readonly puts: readonly Put[];
  /** What must be counted, each event once: those that are voided are not among them, what is adjusted is. */
  readonly counted: readonly OracleEvent[];
  /** Voids of events of each meter that were put by the first half, and adjustments of sums. */
  readonly corrections: readonly Correction[];
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
  /** Voids of each meter, and as many adjustments of each of its sums; none by default. */
  readonly corrections?: number;
  /** The share of events that are up to 35 days late; a quarter by default. */
  readonly late?: number;
};

const minute = 60_000;
const day = 24 * 60 * minute;

/**
 * What producers send at their worst: tenants of any size, values of up to six decimals, events up to 35 days late and
 * five minutes early, some sent again under other sequence numbers, some packed, some compressed, some poison.
 */
export const traceOf = (options: Options): Trace => {
  const { seed, events, tenants, meters, used, now, corrections: each = 0, late = 0.25 } = options;
  const random = seeded(seed);
  const below = (end: number) => Math.floor(random() * end);
  const counted: Identified[] = [];
  const lines: Line[] = [];
  /** Lines that stand once more, behind that many others. */
  const again: (Line & { readonly behind: number })[] = [];
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
    const at = timeOf(random, now, late);
    const micros = BigInt(Math.floor(random() * 10 ** (1 + below(15))));
    // Which sample of one millisecond stands is decided by its id, so these have one.
    const id = isOrdered || random() < 0.7 ? `${seed}-${n}` : undefined;
    const user = userOf(Math.floor(random() ** 2 * 400));
    const plan = random() < 0.8 ? below(plans.length) : undefined;
    const region = random() < 0.5 ? below(regions.length) : undefined;
    const dimensions = dimensionsOf(plan, region);
    const { hi, lo } = fingerprint(
      id ?? "",
      meters.findIndex(({ name }) => name === metric),
    );
    const rank = BigInt(hi) * 2n ** 32n + BigInt(lo);
    counted.push({ tenantId: tenant, metric, micros, at, user, dimensions, rank, id });
    const timestamp = new Date(at).toISOString();
    const text = `{"tenant_id":"${tenant}","metric":"${metric}","value":${decimal(micros)},"timestamp":"${random() < 0.5 ? timestamp : timestamp.replace("Z", "789")}","user_id":"${user}","dimensions":${JSON.stringify({ ...dimensions, route: `/not/declared/${n % 7}` })}${id === undefined ? "" : `,"id":"${id}"`}}`;
    lines.push({ tenant, text });
    if (id !== undefined && random() < 0.08) lines.push({ tenant, text });
    // Behind others: under another sequence number, and maybe on another shard.
    if (id !== undefined && random() < 0.04) again.push({ tenant, text, behind: below(events) });
  }
  const puts = pack(mixed(lines, again), random);
  const corrections = correctionsOf(counted, used, each, below);
  const voided = new Set(corrections.flatMap((one) => (one.type === "void" ? [one.event_id] : [])));
  return {
    puts,
    counted: [...counted.filter(({ id }) => id === undefined || !voided.has(id)), ...adjustedOf(corrections)],
    corrections,
    poisoned,
  };
};

type Line = { readonly tenant: string; readonly text: string };
type Identified = OracleEvent & { readonly id: string | undefined };

// Of a million events each thing that they share is there once.
const plans = ["free", "pro", "a|b=c"];
const regions = ["eu", "us 1"];
const combinations = new Map<string, Readonly<Record<string, string>>>();
const dimensionsOf = (plan: number | undefined, region: number | undefined): Readonly<Record<string, string>> => {
  const name = `${plan} ${region}`;
  let dimensions = combinations.get(name);
  if (dimensions === undefined) {
    dimensions = {
      ...(plan === undefined ? {} : { plan: plans[plan] ?? "" }),
      ...(region === undefined ? {} : { region: regions[region] ?? "" }),
    };
    combinations.set(name, dimensions);
  }
  return dimensions;
};
const users: string[] = [];
const userOf = (n: number): string => (users[n] ??= `user-${n}`);

/** The lines in their order, and the others where they belong. */
const mixed = (lines: readonly Line[], again: readonly (Line & { readonly behind: number })[]): Line[] => {
  const inOrder = again.toSorted((a, b) => a.behind - b.behind);
  const all: Line[] = [];
  let next = 0;
  for (const [at, line] of lines.entries()) {
    for (; (inOrder[next]?.behind ?? Number.POSITIVE_INFINITY) <= at; next++) {
      const { tenant, text } = inOrder[next] ?? line;
      all.push({ tenant, text });
    }
    all.push(line);
  }
  return [...all, ...inOrder.slice(next)];
};

/** Whoever is voided has an id. Most are of the last hours, as are most events. */
const correctionsOf = (
  counted: readonly Identified[],
  used: readonly string[],
  each: number,
  below: (end: number) => number,
): Correction[] => {
  const half = counted.slice(0, Math.ceil(counted.length / 2));
  const corrections: Correction[] = [];
  for (const metric of each === 0 ? [] : used) {
    const named = half.filter((event) => event.metric === metric && event.id !== undefined);
    const picked = new Set(Array.from({ length: each }, () => below(named.length)));
    for (const at of picked) {
      const { tenantId, at: time, id: event_id = "", dimensions = {} } = named[at] ?? {};
      if (tenantId === undefined || time === undefined) continue;
      const common = { tenant_id: tenantId, metric, timestamp: new Date(time).toISOString() };
      corrections.push({ type: "void", ...common, event_id });
      if (!metric.endsWith("sum")) continue;
      const micros = BigInt(below(10 ** 12) + 1);
      corrections.push({
        type: "adjust",
        ...common,
        value: `${below(2) === 0 ? "-" : ""}${decimal(micros)}`,
        dimensions,
      });
    }
  }
  return corrections;
};

const adjustedOf = (corrections: readonly Correction[]): OracleEvent[] =>
  corrections.flatMap((one) =>
    one.type === "void"
      ? []
      : [
          {
            tenantId: one.tenant_id,
            metric: one.metric,
            micros: BigInt(one.value.replace(".", "")),
            at: Date.parse(one.timestamp),
            dimensions: one.dimensions,
            rank: 0n,
          },
        ],
  );

/** Mostly of the last two hours, some as early or as late as is accepted. */
const timeOf = (random: () => number, now: number, late: number): number => {
  const dice = random();
  if (dice < 0.02) return now + Math.floor(random() * 4 * minute);
  if (dice < 1 - late) return now - Math.floor(random() * 120 * minute);
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
