import { MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";
import { permissions, platformOrg } from "@tenantry/core/access/policy";
import { hourMs } from "@tenantry/core/usage/accept";
import { Problem } from "@tenantry/core/problem";
import { formatMicros } from "@tenantry/core/usage/decimal";
import { type Aggregation, shippedMeters } from "@tenantry/core/usage/meters";
import { exportUsage } from "@tenantry/core/usage-export/export-usage";
import type { Exporter, ExportPorts, ExportRecord } from "@tenantry/core/usage-export/ports";
import { exportSettings } from "@tenantry/core/usage-export/settings";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { dynamoBillingAccounts, dynamoExportCursors } from "./export-cursors.ts";
import { marketplaceSink } from "./marketplace-sink.ts";
import { newId } from "./new-id.ts";
import { stripeSink } from "./stripe-sink.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";
import { startMarketplace } from "./testing/marketplace-server.ts";
import { startStripe } from "./testing/stripe-server.ts";

// The real clients against servers that keep the limits of Stripe and AWS Marketplace; cursors in a real table.

const meters = { api_calls: { name: "calls", per: "1000" } };
let dynamo: Engine;
let tables = 0;
let now: Date;
let ports: ExportPorts;
let used: Map<string, Map<number, bigint>>;
let stripe: Awaited<ReturnType<typeof startStripe>>;
let marketplace: Awaited<ReturnType<typeof startMarketplace>>;

const clock = () => now;

beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(async () => dynamo.stop());

beforeEach(async () => {
  const table = `control-${++tables}`;
  await createControlTable(dynamo.documents, table);
  now = new Date("2026-10-30T12:30:00Z");
  used = new Map();
  stripe = await startStripe(clock);
  marketplace = await startMarketplace(clock, (customer) => !customer.includes("stranger"));
  ports = {
    accounts: dynamoBillingAccounts(dynamo.documents, table),
    cursors: dynamoExportCursors(dynamo.documents, table),
    readUsage: async ({ tenantId, metric, range }) => {
      const hours = [...(used.get(tenantId) ?? [])].filter(([hour]) => hour >= range.from && hour < range.to);
      const value = formatMicros(hours.reduce((sum, [, micros]) => sum + micros, 0n));
      return {
        meter: shippedMeters.find(({ name }) => name === metric)!,
        groups: [{ dimensions: {}, buckets: [{ start: "", end: "", value, count: hours.length, final: false }] }],
        asOf: now,
      };
    },
    clock,
    newId,
  };
  return async () => {
    await stripe.stop();
    await marketplace.stop();
  };
});

const toStripe = (): Exporter => ({ sink: stripeSink(async () => "sk_test_tenantry", stripe.base), meters });
const toMarketplace = (): Exporter => ({
  sink: marketplaceSink("product", {
    client: new MarketplaceMeteringClient({
      endpoint: marketplace.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      maxAttempts: 1,
    }),
  }),
  meters,
});

const link = async (customer = "customer"): Promise<string> => {
  const tenant_id = newId("tenant");
  const at = now.toISOString();
  await ports.accounts.put(
    {
      tenant_id,
      stripe_customer: `cus_${customer}`,
      marketplace_customer: `${customer}-${tenant_id}`,
      linked_at: at,
    },
    {
      audit: {
        id: newId("audit"),
        at,
        actor: "test",
        action: "billing-account.put",
        tenant_id,
        request_id: "r",
        source_ip: null,
        before: null,
        after: { permissions, platformOrg },
      },
      events: [],
    },
  );
  return tenant_id;
};

const use = (tenant: string, at: Date, quantity: bigint) => {
  const hours = used.get(tenant) ?? new Map<number, bigint>();
  const hour = Math.floor(at.getTime() / hourMs);
  hours.set(hour, (hours.get(hour) ?? 0n) + quantity * 1_000_000n);
  used.set(tenant, hours);
};

const later = (hours: number) => {
  now = new Date(now.getTime() + hours * hourMs);
};

const wholeThousands = (tenant: string, month?: string): number => {
  const hours = [...(used.get(tenant) ?? [])].filter(
    ([hour]) => month === undefined || new Date(hour * hourMs).toISOString().startsWith(month),
  );
  return Number(hours.reduce((sum, [, micros]) => sum + micros, 0n) / 1_000_000_000n);
};

/** A generator of its own seed, so that a failure can be seen again. */
const random = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
};

/** Ports whose runs die here and there, before or after what they were about to write was written. */
const dying = (chance: () => number): ExportPorts => ({
  ...ports,
  cursors: {
    get: async (key) => ports.cursors.get(key),
    save: async (key, cursor) => {
      if (chance() < 0.15) throw new Error("died before");
      const saved = await ports.cursors.save(key, cursor);
      if (chance() < 0.15) throw new Error("died after");
      return saved;
    },
  },
});

const quietly = async (run: Promise<unknown>) => run.catch(() => undefined);

describe("the local servers", () => {
  const record = (at: Date, change: Partial<ExportRecord> = {}): ExportRecord => ({
    id: newId("export"),
    customer: "a",
    name: "calls",
    units: 1n,
    at,
    ...change,
  });

  test("refuse 26 records, hours that are late or ahead, and another quantity in an hour", async () => {
    const { sink } = toMarketplace();
    const hour = new Date("2026-10-30T11:00:00Z");
    const many = Array.from({ length: 26 }, (_, at) => record(hour, { customer: `c${at}` }));
    await expect(sink.send(many)).rejects.toThrow("ValidationException");
    expect(await sink.send(many.slice(1))).toHaveLength(25);
    await expect(sink.send([record(new Date("2026-10-30T06:00:00Z"))])).rejects.toThrow("TimestampOutOfBounds");
    await expect(sink.send([record(new Date("2026-10-30T13:00:00Z"))])).rejects.toThrow("TimestampOutOfBounds");
    expect(await sink.send([record(hour)])).toEqual([{ kind: "taken" }]);
    expect(await sink.send([record(hour)])).toEqual([{ kind: "taken" }]);
    expect(await sink.send([record(hour, { units: 2n })])).toMatchObject([{ kind: "refused" }]);
    expect(await sink.send([record(hour, { customer: "stranger" })])).toMatchObject([{ kind: "refused" }]);
    expect(marketplace.records.get(`a calls ${hour.getTime() / hourMs}`)?.Quantity).toBe(1);
  });

  test("refuse meter events that are late, ahead or known", async () => {
    const { sink } = toStripe();
    const refused = [{ kind: "refused" }];
    expect(await sink.send([record(new Date(now.getTime() - 36 * 24 * hourMs))])).toMatchObject(refused);
    expect(await sink.send([record(new Date(now.getTime() + hourMs))])).toMatchObject(refused);
    const one = record(now);
    expect(await sink.send([one])).toEqual([{ kind: "taken" }]);
    expect(await sink.send([one])).toEqual([{ kind: "taken" }]);
    expect(stripe.events).toHaveLength(1);
    expect(stripe.refusals).toHaveLength(3);
  });
});

describe("an export", () => {
  test("goes out in calls of 25 at most, and what is not whole waits", async () => {
    const tenants: string[] = [];
    for (let count = 0; count < 60; count++) tenants.push(await link());
    await exportUsage(ports)(toMarketplace());
    for (const tenant of tenants) use(tenant, now, 2999n);
    later(1);
    const { taken, errors } = await exportUsage(ports)(toMarketplace());
    expect([taken, errors]).toEqual([60, []]);
    expect(marketplace.sizes).toEqual([25, 25, 10]);
    expect([...marketplace.records.values()].every(({ Quantity }) => Quantity === 2)).toBe(true);
    later(1);
    expect(await exportUsage(ports)(toMarketplace())).toEqual({ taken: 0, errors: [] });
    use(tenants[0]!, new Date(now.getTime() - hourMs), 1n);
    expect(await exportUsage(ports)(toMarketplace())).toEqual({ taken: 1, errors: [] });
  });

  test.for(["stripe", "marketplace"] as const)(
    "to %s bills each unit once through late usage, lost replies, runs that die and runs at once",
    async (name) => {
      const chance = random(7);
      const tenants = [await link("acme"), await link("globex")];
      const exporter = name === "stripe" ? toStripe() : toMarketplace();
      await exportUsage(ports)(exporter);
      for (let step = 0; step < 80; step++) {
        later(1);
        for (const tenant of tenants) {
          use(tenant, new Date(now.getTime() - hourMs), BigInt(Math.floor(chance() * 5000)));
          const late = new Date(Math.max(Date.parse("2026-10-30T12:00:00Z"), now.getTime() - chance() * 90 * hourMs));
          if (chance() < 0.3) use(tenant, late, BigInt(Math.floor(chance() * 3000)));
        }
        if (chance() < 0.2) (name === "stripe" ? stripe : marketplace).lose(1);
        // Each run dies by its own dice, or the order of their steps would change both.
        const runs = [dying(random(2 * step)), dying(random(2 * step + 1))];
        await Promise.all(runs.map((mortal) => quietly(exportUsage(mortal)(exporter))));
      }
      for (let run = 0; run < 4; run++) {
        later(1);
        await exportUsage(ports)(exporter);
      }
      for (const [at, tenant] of tenants.entries()) {
        const customer = ["acme", "globex"][at]!;
        const billed =
          name === "stripe"
            ? stripe.events.filter((event) => event.customer === `cus_${customer}`).map(({ value }) => value)
            : [...marketplace.records.values()]
                .filter((record) => record.CustomerIdentifier === `${customer}-${tenant}`)
                .map(({ Quantity }) => Quantity);
        const total = billed.reduce((sum, value) => sum + value, 0);
        // How many records it takes depends on which runs die; what they come to does not.
        expect(billed.length).toBeGreaterThan(5);
        // Each month's rest below a thousand waits for more.
        expect(total).toBe(wholeThousands(tenant, "2026-10") + wholeThousands(tenant, "2026-11"));
        if (name === "marketplace") continue;
        for (const month of ["2026-10", "2026-11"]) {
          const ofMonth = stripe.events.filter(
            (event) =>
              event.customer === `cus_${customer}` && new Date(event.timestamp * 1000).toISOString().startsWith(month),
          );
          expect(ofMonth.reduce((sum, { value }) => sum + value, 0)).toBe(wholeThousands(tenant, month));
        }
      }
    },
  );

  test("begins with the hour in which the account was linked", async () => {
    const tenant = await link();
    use(tenant, new Date(now.getTime() - 5 * hourMs), 7000n);
    use(tenant, now, 2000n);
    later(3);
    await exportUsage(ports)(toStripe());
    expect(stripe.events.map(({ value }) => value)).toEqual([2]);
  });

  test("whose outcome nobody knows is left to a person once it could count twice", async () => {
    const tenant = await link();
    await exportUsage(ports)(toStripe());
    use(tenant, now, 5000n);
    later(1);
    const silent = { ...toStripe().sink, send: async () => Promise.reject(new Error("no answer")) };
    await exportUsage(ports)({ sink: silent, meters });
    later(24);
    const { taken, errors } = await exportUsage(ports)(toStripe());
    expect(taken).toBe(0);
    expect(String(errors[0])).toContain("It is not known what became of exp_");
    expect(stripe.events).toEqual([]);
  });

  test("of one tenant that is refused does not keep the others from theirs", async () => {
    const [stranger, fine] = [await link("stranger"), await link()];
    await exportUsage(ports)(toMarketplace());
    for (const tenant of [stranger, fine]) use(tenant, now, 1000n);
    later(1);
    const { taken, errors } = await exportUsage(ports)(toMarketplace());
    expect([taken, errors]).toMatchObject([1, [{ message: expect.stringContaining("CustomerNotSubscribed") }]]);
  });
});

describe("a meter whose parts do not add up", () => {
  const gauge = { name: "gauge", unit: "one", decimals: 6, dimensions: [], cardinality_limit: 1 };
  /** What each month has come to. */
  let reached: Record<string, string>;
  const reading = (aggregation: Aggregation): ExportPorts => ({
    ...ports,
    readUsage: async ({ range }) => {
      const value = reached[new Date(range.from * hourMs).toISOString().slice(0, 7)] ?? "0";
      return {
        meter: { ...gauge, aggregation },
        groups: [{ dimensions: {}, buckets: [{ start: "", end: "", value, count: 1, final: false }] }],
        asOf: now,
      };
    },
  });
  const targets = { gauge: { name: "gauge", per: "0.5" } };
  const run = (to: () => Exporter, aggregation: Aggregation) =>
    exportUsage(reading(aggregation))({ ...to(), meters: targets });
  beforeEach(() => (reached = { "2026-09": "100", "2026-10": "12.7" }));

  test.for(["min", "latest", "time_weighted_average"] as const)(
    "as of %s is exported as the value of its month, a day after that is over",
    async (aggregation) => {
      await link();
      while (now.toISOString() < "2026-11-02") {
        for (const to of [toStripe, toMarketplace])
          expect(await run(to, aggregation)).toEqual({ taken: 0, errors: [] });
        // What falls again before the month is over was never sent.
        reached = { "2026-09": "100", "2026-10": now.getUTCDate() % 2 === 0 ? "50" : "12.7", "2026-11": "3" };
        later(1);
      }
      for (const value of ["12.7", "14", "13"]) {
        reached["2026-10"] = value;
        await run(toStripe, aggregation);
        await run(toMarketplace, aggregation);
        later(1);
      }
      // Halves: 12.5 makes 25, the half more makes 28; what falls is not taken back.
      expect(stripe.events.map(({ value, timestamp }) => [value, new Date(timestamp * 1000).toISOString()])).toEqual([
        [25, "2026-10-31T23:59:59.000Z"],
        [3, "2026-10-31T23:59:59.000Z"],
      ]);
      expect([...marketplace.records.values()].map(({ Quantity }) => Quantity)).toEqual([25, 3]);
    },
  );

  test.for(["max", "unique"] as const)("as of %s is exported as it rises", async (aggregation) => {
    await link();
    for (const value of ["12.7", "15.2", "15.2", "16"]) {
      reached["2026-10"] = value;
      expect((await run(toStripe, aggregation)).errors).toEqual([]);
      expect((await run(toMarketplace, aggregation)).errors).toEqual([]);
      later(1);
    }
    // What had been reached when the account was linked counts as taken.
    expect(stripe.events.map(({ value }) => value)).toEqual([5, 2]);
    expect([...marketplace.records.values()].map(({ Quantity }) => Quantity)).toEqual([5, 2]);
  });

  test("is an error of the run where there is no such meter, which names it and keeps the others going", async () => {
    const tenant = await link();
    const both = { coffee: { name: "coffee", per: "1" }, ...meters };
    const unknown: ExportPorts = {
      ...ports,
      readUsage: async (query) => {
        if (query.metric === "coffee") throw new Problem("invalid-request", "There is no meter coffee.");
        return ports.readUsage(query);
      },
    };
    await exportUsage(unknown)({ ...toStripe(), meters: both });
    use(tenant, now, 1000n);
    later(1);
    const { taken, errors } = await exportUsage(unknown)({ ...toStripe(), meters: both });
    expect([taken, errors]).toMatchObject([1, [{ message: expect.stringContaining("coffee") }]]);
  });
});

test("settings with a slip are refused at the deployment, which names it", () => {
  const stripeOf = (targets: object, more = {}) =>
    JSON.stringify({ stripe: { secret_arn: "a", meters: targets, ...more } });
  const name = { name: "calls" };
  expect(exportSettings(stripeOf({ api_calls: name })).stripe?.meters).toEqual({
    api_calls: { name: "calls", per: "1" },
  });
  for (const [text, said] of [
    [stripeOf({ "API calls": name }), "API calls"],
    [stripeOf({ api_calls: { ...name, per: "0" } }), "per"],
    [stripeOf({ api_calls: name, storage_gb: name }), "one name"],
    [stripeOf({ api_calls: name }, { api_base: "ftp://here" }), "api_base"],
    [stripeOf({ api_calls: name }, { key: "sk_live" }), "key"],
    ['{"paypal": {}}', "paypal"],
  ] as const)
    expect(() => exportSettings(text)).toThrow(said);
});
