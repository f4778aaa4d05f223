import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { QueryCommand } from "@aws-sdk/lib-dynamodb";
import { permissions, platformOrg } from "@tenantry/core/access/policy";
import { closeMonths } from "@tenantry/core/billing/close-months";
import { exportInvoices } from "@tenantry/core/billing/export-invoices";
import { getInvoice, listInvoices } from "@tenantry/core/billing/get-invoice";
import type { PutPlan } from "@tenantry/core/billing/plan";
import { getPlan, listPlans } from "@tenantry/core/billing/plans";
import type { BillingPorts } from "@tenantry/core/billing/ports";
import { putPlan } from "@tenantry/core/billing/put-plan";
import { parseMicros } from "@tenantry/core/billing/quantity";
import type { Context } from "@tenantry/core/context";
import { newOnboarding } from "@tenantry/core/operation/begin";
import type { Problem } from "@tenantry/core/problem";
import type { TierName } from "@tenantry/core/tenant/tier";
import { hourMs } from "@tenantry/core/usage/accept";
import { shippedMeters } from "@tenantry/core/usage/meters";
import { readUsage } from "@tenantry/core/usage/read";
import { type FauxqsServer, startFauxqs } from "fauxqs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { s3InvoiceFiles } from "./invoice-files.ts";
import { dynamoInvoices } from "./invoices.ts";
import { newId } from "./new-id.ts";
import { dynamoPlans } from "./plans.ts";
import { dynamoRegistry } from "./registry.ts";
import { createControlTable, type Engine, startDynamo } from "./testing/dynamo-engine.ts";

// Months are closed in a real table and into a real bucket; usage and the clock are the test's.

const day = 24 * hourMs;
let dynamo: Engine;
let storage: FauxqsServer;
let s3: S3Client;
let tables = 0;
let ports: BillingPorts;
let table: string;
let now: Date;
/** Micro-units by tenant and hour. */
let used: Map<string, Map<number, bigint>>;

const bucket = "billing";
const admin: Context = {
  actor: { id: "admin", orgId: platformOrg, permissions: new Set(permissions) },
  requestId: "request",
};

beforeAll(async () => {
  dynamo = await startDynamo();
  storage = await startFauxqs({ port: 0, logger: false });
  s3 = new S3Client({
    endpoint: storage.address,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
});

afterAll(async () => {
  await storage.stop();
  await dynamo.stop();
});

beforeEach(async () => {
  table = `control-${++tables}`;
  await createControlTable(dynamo.documents, table);
  now = new Date("2026-11-10T12:00:00Z");
  used = new Map();
  const clock = () => now;
  const meters = { list: async () => shippedMeters };
  const usage = {
    hours: async (tenantId: string, from: number, to: number) =>
      [...(used.get(tenantId) ?? [])]
        .filter(([hour]) => hour >= from && hour < to)
        .toSorted(([a], [b]) => a - b)
        .map(([hour, sum]) => ({ hour, totals: { api_calls: { kind: "sum" as const, sum, count: 1 } } })),
    users: async () => [],
    marks: async () => [],
    rollUps: async () => [],
  };
  ports = {
    registry: dynamoRegistry(dynamo.documents, table),
    plans: dynamoPlans(dynamo.documents, table),
    invoices: dynamoInvoices(dynamo.documents, table),
    meterNames: async () => shippedMeters.map(({ name }) => name),
    readUsage: readUsage({ usage, meters, clock }),
    graceMs: 3 * day,
    clock,
    newId,
  };
});

const newTenant = async (tier: TierName, at: string): Promise<string> => {
  const id = newId("tenant");
  await dynamoRegistry(dynamo.documents, table).register(
    {
      id,
      slug: id.toLowerCase(),
      name: "Acme",
      tier,
      status: "active",
      config: { region: "us-east-1", features: [] },
      owner: { email: "owner@acme.example" },
      resources: {},
      created_at: at,
      updated_at: at,
    },
    newOnboarding(newId("operation"), id, at),
    {
      audit: {
        id: newId("audit"),
        at,
        actor: "test",
        action: "tenant.register",
        tenant_id: id,
        request_id: "r",
        source_ip: null,
        before: null,
        after: null,
      },
      events: [],
    },
  );
  return id;
};

const use = (tenantId: string, at: string, quantity: string) => {
  const hours = used.get(tenantId) ?? new Map<number, bigint>();
  const hour = Math.floor(Date.parse(at) / hourMs);
  hours.set(hour, (hours.get(hour) ?? 0n) + parseMicros(quantity));
  used.set(tenantId, hours);
};

const problem = (wanted: string) => (error: Problem) => error.code === wanted;
const items = async (prefix: string) =>
  (
    await dynamo.documents.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: "pk = :pk",
        ExpressionAttributeValues: { ":pk": prefix },
      }),
    )
  ).Items ?? [];

const plan: PutPlan = {
  valid_from: "2026-12",
  currency: "USD",
  minimum: null,
  charges: [{ kind: "per_unit", id: "api-calls", description: "Calls", meter: "api_calls", unit_price: "1" }],
};

describe("plans", () => {
  test("begin with those of the code, and a new version is valid from its month on", async () => {
    expect((await listPlans(ports)(admin)).map(({ tier, version }) => [tier, version])).toEqual([
      ["trial", 1],
      ["standard", 1],
      ["business", 1],
      ["premium", 1],
    ]);
    const put = await putPlan(ports)(admin, { tier: "standard", plan });
    expect(put).toMatchObject({ tier: "standard", version: 2, ...plan });
    expect(await putPlan(ports)(admin, { tier: "standard", plan })).toEqual(put);
    const read = () => getPlan(ports)(admin, { tier: "standard" });
    expect(await read()).toMatchObject({ current: { version: 1 }, versions: [{ version: 1 }, { version: 2 }] });
    now = new Date("2026-12-01T00:00:00Z");
    expect(await read()).toMatchObject({ current: { version: 2 } });
  });

  test("two changes at once make one version", async () => {
    const both = await Promise.allSettled(
      ["1", "2"].map((unit_price) =>
        putPlan(ports)(admin, {
          tier: "standard",
          plan: { ...plan, charges: [{ ...plan.charges[0]!, kind: "per_unit", meter: "api_calls", unit_price }] },
        }),
      ),
    );
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(both.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "state-conflict" } });
  });

  test.for([
    ["a month that has begun", { valid_from: "2026-11" }, "/valid_from"],
    ["another currency", { currency: "EUR" as const }, "/currency"],
    [
      "an unknown meter",
      { charges: [{ kind: "per_unit" as const, id: "x", description: "X", meter: "coffee", unit_price: "1" }] },
      "/charges/0/meter",
    ],
  ] as const)("%s is refused", async ([, change, pointer]) => {
    const put = putPlan(ports)(admin, { tier: "standard", plan: { ...plan, ...change } as PutPlan });
    await expect(put).rejects.toMatchObject({ code: "invalid-request", errors: [{ pointer }] });
  });
});

describe("invoices", () => {
  test("a month is a draft while it runs, and refused before it begins", async () => {
    const tenant = await newTenant("standard", "2026-10-01T00:00:00.000Z");
    use(tenant, "2026-11-02T10:00:00Z", "150000.5");
    const invoice = await getInvoice(ports)(admin, { tenantId: tenant, month: "2026-11" });
    expect(invoice).toMatchObject({
      status: "draft",
      number: null,
      total: "69.00",
      closes_at: "2026-12-04T00:00:00.000Z",
    });
    expect(invoice.lines.find(({ charge }) => charge === "api-calls")).toMatchObject({
      quantity: "150000.5",
      included: "100000",
      steps: [{ quantity: "50000.5", unit_price: "0.0004", amount: "20.0002" }],
      amount: "20.00",
      buckets: [{ start: "2026-11-02T00:00:00.000Z", value: "150000.5" }],
    });
    const read = (month: string) => getInvoice(ports)(admin, { tenantId: tenant, month });
    await expect(read("2026-12")).rejects.toSatisfy(problem("billing-month-not-begun"));
    await expect(read("2026-09")).rejects.toSatisfy(problem("invoice-not-found"));
  });

  test("months close once, after the grace period, with numbers that have no gaps", async () => {
    const tenants = await Promise.all(
      Array.from({ length: 12 }, (_, at) => newTenant(at % 2 === 0 ? "standard" : "trial", "2026-10-01T00:00:00.000Z")),
    );
    now = new Date("2026-11-03T23:59:59Z");
    expect(await closeMonths(ports)()).toMatchObject({ month: "2026-09", finalized: 0, errors: [] });
    now = new Date("2026-11-04T00:00:00Z");
    const runs = await Promise.all([closeMonths(ports)(), closeMonths(ports)(), closeMonths(ports)()]);
    expect(runs.flatMap(({ errors }) => errors)).toEqual([]);
    expect(runs.reduce((sum, { finalized }) => sum + finalized, 0)).toBe(12);
    const invoices = await Promise.all(
      tenants.map((tenantId) => getInvoice(ports)(admin, { tenantId, month: "2026-10" })),
    );
    expect(invoices.map(({ number }) => number ?? "").toSorted((a, b) => (a < b ? -1 : 1))).toEqual(
      Array.from({ length: 12 }, (_, at) => `2026-${String(at + 1).padStart(6, "0")}`),
    );
    expect(await closeMonths(ports)()).toEqual({ month: "2026-10", finalized: 0, errors: [] });
    for (const tenant of tenants) {
      const audits = (await items(`AUDIT#${tenant}`)).filter(({ action }) => action === "invoice.finalize");
      expect(audits).toHaveLength(1);
    }
  });

  test("what comes late is billed with the next month, across steps, and the stored invoice stays", async () => {
    const tenant = await newTenant("standard", "2026-10-01T00:00:00.000Z");
    use(tenant, "2026-10-20T10:00:00Z", "1099999");
    now = new Date("2026-11-05T00:00:00Z");
    await closeMonths(ports)();
    const read = (month: string) => getInvoice(ports)(admin, { tenantId: tenant, month });
    const october = await read("2026-10");
    expect(october).toMatchObject({ status: "finalized", number: "2026-000001", total: "449.00" });
    use(tenant, "2026-10-31T10:00:00Z", "10001");
    use(tenant, "2026-11-01T10:00:00Z", "5");
    expect(await read("2026-10")).toEqual(october);
    const running = await read("2026-11");
    now = new Date("2026-12-05T00:00:00Z");
    await closeMonths(ports)();
    const november = await read("2026-11");
    // 1,110,000 calls: 1,000,000 charged units at 0.0004 and 10,000 at 0.0003 come to 403.00.
    expect(november.lines.find(({ kind }) => kind === "adjustment")).toMatchObject({
      charge: "api-calls",
      amount: "3.00",
      quantity: "10001",
      adjusts: { month: "2026-10", number: "2026-000001", amount_before: "400.00", amount_after: "403.00" },
    });
    expect([running.total, november.total]).toEqual(["52.00", "52.00"]);
    now = new Date("2027-01-05T00:00:00Z");
    await closeMonths(ports)();
    expect(await read("2026-12")).toMatchObject({ total: "49.00" });
    const page = await listInvoices(ports)(admin, { tenantId: tenant }, { limit: 2, after: null });
    expect(page.items.map(({ month, number }) => [month, number])).toEqual([
      ["2026-12", "2026-000003"],
      ["2026-11", "2026-000002"],
    ]);
    expect(page.next).toBe("2026-11");
    const rest = await listInvoices(ports)(admin, { tenantId: tenant }, { limit: 2, after: page.next });
    expect([rest.items.map(({ month }) => month), rest.next]).toEqual([["2026-10"], null]);
  });

  test("one tenant that cannot be billed stops no other, and the month stays open", async () => {
    const broken = await newTenant("standard", "2026-10-01T00:00:00.000Z");
    const fine = await newTenant("standard", "2026-10-16T00:00:00.000Z");
    const { readUsage: read } = ports;
    const failing = {
      ...ports,
      readUsage: async (query: Parameters<typeof read>[0]) => {
        if (query.tenantId === broken) throw new Error("damaged");
        return read(query);
      },
    };
    expect(await closeMonths(failing)()).toMatchObject({ finalized: 1, errors: [new Error("damaged")] });
    expect(await closeMonths(ports)()).toMatchObject({ finalized: 1, errors: [] });
    const invoice = await getInvoice(ports)(admin, { tenantId: fine, month: "2026-10" });
    expect(invoice.lines[0]).toMatchObject({
      charge: "platform-fee",
      proration: { days: 16, of: 31 },
      amount: "25.29",
    });
  });

  test("finalized invoices are files, the same however often they are written", async () => {
    const tenant = await newTenant("standard", "2026-10-01T00:00:00.000Z");
    await closeMonths(ports)();
    const files = s3InvoiceFiles(bucket, s3);
    expect(await exportInvoices({ ...ports, files })()).toBe(1);
    expect(await exportInvoices({ ...ports, files })()).toBe(0);
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: "invoices/" }));
    const keys = Contents.map(({ Key }) => Key ?? "");
    expect(keys).toEqual([
      `invoices/2026-10/2026-000001-${tenant}.csv`,
      `invoices/2026-10/2026-000001-${tenant}.jsonl`,
    ]);
    const texts = await Promise.all(
      keys.map(async (Key) => (await s3.send(new GetObjectCommand({ Bucket: bucket, Key }))).Body!.transformToString()),
    );
    const [head, first] = texts[0]!.split("\r\n");
    expect(head).toBe(
      "number,tenant_id,month,tier,plan_version,charge,kind,description,meter,unit,quantity,included,adjusts_month,adjusts_number,quantity_before,quantity_after,amount,currency",
    );
    expect(first).toBe(`2026-000001,${tenant},2026-10,standard,1,platform-fee,flat,Platform fee,,,,,,,,,49.00,USD`);
    const lines = texts[1]!
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { line: { amount: string } });
    expect(lines.map(({ line }) => line.amount)).toEqual(["49.00", "0.00", "0.00", "0.00", "0.00"]);
  });
});
