import { randomUUID } from "node:crypto";
import { GetObjectCommand, ListBucketsCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { startMarketplace } from "@tenantry/aws/testing/marketplace-server";
import { startStripe } from "@tenantry/aws/testing/stripe-server";
import { beforeAll, describe, expect, test } from "vitest";
import { operator, poll, send, signIn } from "../support/api.ts";
import { askJson } from "../support/aws.ts";
import { controlTableOf, invoke, newTenant, use } from "../support/billing.ts";
import { exportPorts, stripeSecret } from "../support/exports.ts";
import { acceptInvitation } from "../support/owners.ts";
import { ready } from "../support/ready.ts";

// From usage events to finalized invoices, through what is deployed.

const day = 86_400_000;
let token: string;

beforeAll(async () => {
  token = await signIn(ready());
});

const get = (path: string) => send(ready(), "GET", path, { token });
const monthAt = (at: Date) => at.toISOString().slice(0, 7);
const shifted = (month: string, months: number) =>
  monthAt(new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)) - 1 + months, 1)));

type Line = { charge: string; kind: string; amount: string; quantity: string; buckets: { value: string }[] };
const lineOf = (body: { lines: Line[] }, charge: string, kind?: string) =>
  body.lines.find((line) => line.charge === charge && (kind === undefined || line.kind === kind));

describe("plans", () => {
  test("are listed for each tier", async () => {
    const { status, body } = await get("/admin/plans");
    expect(status).toBe(200);
    expect(body.items.map(({ tier }: { tier: string }) => tier)).toEqual(["trial", "standard", "business", "premium"]);
    expect((await get("/admin/plans/gold")).body.type).toBe("/problems/tier-not-found");
  });

  test("change from a month that has not begun, and never before", async () => {
    const { body } = await get("/admin/plans/premium");
    const newest = body.versions.at(-1);
    const { tier: _t, version: _v, created_at: _c, ...terms } = newest;
    const put = (valid_from: string) =>
      send(ready(), "PUT", "/admin/plans/premium", { token, body: { ...terms, minimum: "3000.00", valid_from } });
    const running = monthAt(new Date());
    const refused = await put(running);
    expect([refused.status, refused.body.errors[0].pointer]).toEqual([400, "/valid_from"]);
    const next = shifted(running, 12 + newest.version);
    const made = await put(next);
    expect([made.status, made.body.version]).toEqual([200, newest.version + 1]);
    expect((await put(next)).body).toEqual(made.body);
    expect((await get("/admin/plans/premium")).body).toMatchObject({ current: body.current });
  });
});

describe("an invoice", () => {
  test("is a draft with quantity, price and days while its month runs", async () => {
    const email = `owner@${randomUUID()}.example`;
    const tenant = await newTenant(ready(), token, "standard", email);
    const month = monthAt(new Date());
    await use(ready(), tenant, [100_000, 2500.5]);
    const { body } = await poll(
      () => get(`/admin/tenants/${tenant}/invoices/${month}`),
      (answer) => lineOf(answer.body, "api-calls")?.quantity === "102500.5",
    );
    expect(body).toMatchObject({ status: "draft", number: null, tenant_id: tenant, currency: "USD" });
    expect(lineOf(body, "api-calls")).toMatchObject({
      quantity: "102500.5",
      steps: [{ quantity: "2500.5", unit_price: "0.0004", amount: "1.0002" }],
      amount: "1.00",
      buckets: [{ value: "102500.5" }],
    });
    const cents = (body.lines as Line[]).reduce((sum, { amount }) => sum + Number(amount.replace(".", "")), 0);
    expect(body.total.replace(".", "")).toBe(String(cents));

    const owner = await acceptInvitation(ready(), email, ready().client_id);
    const own = await send(ready(), "GET", `/api/invoices/${month}`, { token: owner });
    const { lines } = (await get(`/admin/tenants/${tenant}/invoices/${month}`)).body;
    expect([own.status, own.body.tenant_id, lineOf(own.body, "api-calls")]).toEqual([
      200,
      tenant,
      lineOf({ lines }, "api-calls"),
    ]);
    expect((await send(ready(), "GET", "/api/invoices/2026-13", { token: owner })).status).toBe(400);
  });

  test("is refused for months that are none, lie ahead, or lie before the tenant", async () => {
    const tenant = await newTenant(ready(), token, "trial");
    const at = async (month: string) => {
      const { status, body } = await get(`/admin/tenants/${tenant}/invoices/${month}`);
      return [status, body.type];
    };
    const running = monthAt(new Date());
    expect(await at("2026-13")).toEqual([400, "/problems/invalid-request"]);
    expect(await at(shifted(running, 1))).toEqual([400, "/problems/billing-month-not-begun"]);
    expect(await at(shifted(running, -1))).toEqual([404, "/problems/invoice-not-found"]);
    expect((await get(`/admin/tenants/ten_none/invoices/${running}`)).status).toBe(404);
  });

  test("is finalized once by the schedule, filed in S3, told of, and adjusted by the next", async () => {
    const now = Date.now();
    const closing = monthAt(new Date(Date.parse(`${monthAt(new Date(now - 3 * day))}-01T00:00:00Z`) - 1));
    const tenant = await newTenant(ready(), token);
    const table = await controlTableOf(ready());
    const lastHour = new Date(Date.parse(`${shifted(closing, 1)}-01T00:00:00Z`) - 1_800_000);
    await use(ready(), tenant, [150_000], { at: lastHour });
    const dynamo = (action: string, input: object) =>
      askJson(ready(), "dynamodb", `DynamoDB_20120810.${action}`, { TableName: table, ...input });
    // The tenant was there in that month, and the month is not closed yet.
    await dynamo("UpdateItem", {
      Key: { pk: { S: `TENANT#${tenant}` }, sk: { S: "TENANT" } },
      UpdateExpression: "SET created_at = :at",
      ExpressionAttributeValues: { ":at": { S: `${closing}-01T00:00:00.000Z` } },
    });
    await dynamo("DeleteItem", { Key: { pk: { S: "CLOSED_MONTHS" }, sk: { S: closing } } });
    const invoiceAt = (month: string) => get(`/admin/tenants/${tenant}/invoices/${month}`);
    await poll(
      () => invoiceAt(closing),
      ({ body }) => lineOf(body, "api-calls")?.quantity === "150000",
    );
    await invoke(ready(), /CloseMonths/);
    const { body } = await invoiceAt(closing);
    expect(body).toMatchObject({ status: "finalized", number: expect.stringMatching(/^\d{4}-\d{6}$/), total: "69.00" });
    await invoke(ready(), /CloseMonths/);
    expect((await invoiceAt(closing)).body).toEqual(body);
    const list = await get(`/admin/tenants/${tenant}/invoices`);
    expect(list.body).toMatchObject({ items: [{ month: closing, number: body.number, total: "69.00" }] });

    const s3 = new S3Client(operator(ready()));
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
    const Bucket = Buckets.map(({ Name = "" }) => Name).find((name) => /usagearchive/i.test(name));
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: `invoices/${closing}/` }));
    const keys = Contents.map(({ Key = "" }) => Key).filter((key) => key.includes(tenant));
    expect(keys.map((key) => key.split(".").at(-1))).toEqual(["csv", "jsonl"]);
    const csv = await (await s3.send(new GetObjectCommand({ Bucket, Key: keys[0] }))).Body!.transformToString();
    expect(csv.split("\r\n")).toHaveLength(body.lines.length + 2);
    s3.destroy();

    const { Items } = await dynamo("Query", {
      KeyConditionExpression: "pk = :pk",
      FilterExpression: "#action = :action",
      ExpressionAttributeNames: { "#action": "action" },
      ExpressionAttributeValues: { ":pk": { S: `AUDIT#${tenant}` }, ":action": { S: "invoice.finalize" } },
    });
    expect(Items).toHaveLength(1);

    await use(ready(), tenant, [10_000], { at: lastHour });
    const next = await poll(
      () => invoiceAt(shifted(closing, 1)),
      (answer) => lineOf(answer.body, "api-calls", "adjustment") !== undefined,
    );
    expect(lineOf(next.body, "api-calls", "adjustment")).toMatchObject({
      amount: "4.00",
      quantity: "10000",
      adjusts: { month: closing, number: body.number, amount_before: "20.00", amount_after: "24.00" },
    });
    expect((await invoiceAt(closing)).body).toEqual(body);
  });
});

test("a tenant is told to be somebody's customer, and since when", async () => {
  const tenant = await newTenant(ready(), token, "trial");
  const put = (body: object) => send(ready(), "PUT", `/admin/tenants/${tenant}/billing-account`, { token, body });
  const first = await put({ stripe_customer: "cus_NciAYcXfLnqBoz", marketplace_customer: null });
  expect([first.status, first.body.stripe_customer]).toEqual([200, "cus_NciAYcXfLnqBoz"]);
  const second = await put({ stripe_customer: null, marketplace_customer: "abc" });
  expect(second.body).toMatchObject({ marketplace_customer: "abc", linked_at: first.body.linked_at });
  const wrong = await put({ stripe_customer: "someone", marketplace_customer: null });
  expect([wrong.status, wrong.body.errors[0].pointer]).toEqual([400, "/stripe_customer"]);
});

test("usage is exported to Stripe and AWS Marketplace by the schedule's function, once, though replies are lost", async () => {
  const clock = () => new Date();
  const { stripe: stripePort, marketplace: marketplacePort } = exportPorts(ready());
  const stripe = await startStripe(clock, stripePort);
  const marketplace = await startMarketplace(clock, () => true, marketplacePort);
  const secret = { Name: stripeSecret, ClientRequestToken: crypto.randomUUID(), SecretString: "sk_test_tenantry" };
  await askJson(ready(), "secretsmanager", "secretsmanager.CreateSecret", secret);
  try {
    const tenant = await newTenant(ready(), token, "trial");
    const customer = `customer-${tenant}`;
    const account = { stripe_customer: `cus_${tenant.replace("_", "")}`, marketplace_customer: customer };
    const put = await send(ready(), "PUT", `/admin/tenants/${tenant}/billing-account`, { token, body: account });
    expect(put.status).toBe(200);
    // Since an earlier hour, as only whole hours are exported.
    const earlier = new Date(Date.now() - 7_200_000);
    const linked = { S: earlier.toISOString() };
    await askJson(ready(), "dynamodb", "DynamoDB_20120810.UpdateItem", {
      TableName: await controlTableOf(ready()),
      Key: { pk: { S: `EXPORTS#${tenant}` }, sk: { S: "ACCOUNT" } },
      UpdateExpression: "SET linked_at = :at, account.linked_at = :at",
      ExpressionAttributeValues: { ":at": linked },
    });
    // 2.75 hours are five halves, and the rest waits.
    await use(ready(), tenant, [1.5, 1.25], { metric: "compute_hours", at: earlier });
    await poll(
      () =>
        get(
          `/admin/tenants/${tenant}/usage?metric=compute_hours&from=${linked.S}&to=${new Date().toISOString()}&window=hour`,
        ),
      ({ text }) => text.includes('"2.75"'),
    );
    stripe.lose(1);
    marketplace.lose(1);
    for (let run = 0; run < 3; run++) await invoke(ready(), /ExportUsage/);

    const sent = stripe.events.filter((event) => event.customer === account.stripe_customer);
    expect(sent.map(({ name, value }) => [name, value])).toEqual([["compute", 5]]);
    // The reply was lost: the next run sent the very same, which Stripe knew.
    expect(stripe.refusals).toEqual([expect.stringContaining(sent[0]!.identifier)]);
    const records = [...marketplace.records.values()].filter((record) => record.CustomerIdentifier === customer);
    expect(records.map(({ Dimension, Quantity }) => [Dimension, Quantity])).toEqual([["compute", 5]]);
    expect(marketplace.sizes.length).toBe(2);
  } finally {
    await askJson(ready(), "secretsmanager", "secretsmanager.DeleteSecret", {
      SecretId: stripeSecret,
      ForceDeleteWithoutRecovery: true,
    });
    await Promise.all([stripe.stop(), marketplace.stop()]);
  }
});
