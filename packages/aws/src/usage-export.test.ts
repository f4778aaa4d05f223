import { MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";
import { permissions, platformOrg } from "@tenantry/core/access/policy";
import { hourMs } from "@tenantry/core/usage/accept";
import { formatMicros } from "@tenantry/core/usage/decimal";
import { shippedMeters } from "@tenantry/core/usage/meters";
import { exportUsage } from "@tenantry/core/usage-export/export-usage";
import type { Exporter, ExportPorts, ExportRecord } from "@tenantry/core/usage-export/ports";
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

const toStripe = (): Exporter => ({ sink: stripeSink(async () => "sk_test_tenantry", stripe.address), meters });
const toMarketplace = (): Exporter => ({
  sink: marketplaceSink(
    "product",
    new MarketplaceMeteringClient({
      endpoint: marketplace.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      maxAttempts: 1,
    }),
  ),
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
