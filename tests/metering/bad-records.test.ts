import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { operator, poll, send, signIn } from "../support/api.ts";
import { askJson } from "../support/aws.ts";
import { controlTableOf, newTenant } from "../support/billing.ts";
import { ready } from "../support/ready.ts";

// Each thing that a producer can do wrong, through the deployed stream: it is set aside for its reason, and the records
// before and behind it in the shard count.

const hourMs = 3_600_000;
const capped = `capped_${randomUUID().slice(0, 8)}`;
/** An id that belongs to no tenant, under which its records are listed. */
const nobody = `ten_01JD${randomUUID().replaceAll("-", "").slice(0, 22).toUpperCase()}`;
let token: string;
let kinesis: KinesisClient;

beforeAll(async () => {
  token = await signIn(ready());
  kinesis = new KinesisClient(operator(ready()));
  const definition = {
    unit: "one",
    aggregation: "sum",
    decimals: 6,
    dimensions: [{ name: "path" }],
    cardinality_limit: 2,
  };
  const { status } = await send(ready(), "PUT", `/admin/meters/${capped}`, { token, body: definition });
  expect(status).toBe(200);
});
afterAll(() => kinesis.destroy());

const event = (tenant_id: string, change: object = {}) =>
  JSON.stringify({ tenant_id, metric: "api_calls", value: 1, timestamp: new Date().toISOString(), ...change });

const putAll = async (tenant: string, records: readonly (string | Buffer)[]) => {
  const { FailedRecordCount } = await kinesis.send(
    new PutRecordsCommand({
      StreamName: ready().usage_stream,
      Records: records.map((record) => ({ PartitionKey: tenant, Data: Buffer.from(record) })),
    }),
  );
  expect(FailedRecordCount).toBe(0);
};

const countOf = async (tenant: string, metric = "api_calls"): Promise<number> => {
  const [from, to] = [-24, 24].map((hours) => new Date(Date.now() + hours * hourMs).toISOString());
  const path = `/admin/tenants/${tenant}/usage?metric=${metric}&from=${from}&to=${to}&window=day`;
  const { body } = await send(ready(), "GET", path, { token });
  return ((body.buckets ?? []) as { count: number }[]).reduce((sum, { count }) => sum + count, 0);
};

/** Reasons and numbers of set-aside lines of the records with this partition key. */
const setAside = async (tenant: string): Promise<string[]> => {
  const { body } = await send(ready(), "GET", `/admin/usage/quarantine?tenant_id=${tenant}&limit=100`, { token });
  return (body.items as { reasons: string[] }[]).flatMap(({ reasons }) => reasons);
};

const withTime = (tenant: string, timestamp: string | undefined) => event(tenant, { timestamp });
const withValue = (tenant: string, value: string) => event(tenant).replace('"value":1', `"value":${value}`);

const rows: readonly (readonly [string, (tenant: string) => string | Buffer, string])[] = [
  ["not JSON", () => "{not json", "not-json"],
  ["not UTF-8", () => Buffer.from([0xff, 0xfe, 0x7b]), "not-utf8"],
  ["truncated gzip", (tenant) => gzipSync(event(tenant)).subarray(0, -12), "truncated-gzip"],
  ["empty", () => "", "empty"],
  ["1 MiB of it", () => Buffer.alloc(1024 * 1024 - 64, "x"), "not-json"],
  ["NaN", (tenant) => withValue(tenant, "NaN"), "not-json"],
  ["Infinity", (tenant) => withValue(tenant, "Infinity"), "not-json"],
  ["a value in quotes", (tenant) => withValue(tenant, '"1"'), "invalid-value"],
  ["1e300", (tenant) => withValue(tenant, "1e300"), "invalid-value"],
  ["seven decimals", (tenant) => withValue(tenant, "0.1234567"), "invalid-value"],
  ["a value below zero", (tenant) => withValue(tenant, "-1"), "invalid-value"],
  ["an unknown metric", (tenant) => event(tenant, { metric: "coffee" }), "unknown-metric"],
  ["an unknown tenant", () => event(nobody), "unknown-tenant"],
  ["no timestamp", (tenant) => withTime(tenant, undefined), "invalid-timestamp"],
  ["a timestamp in words", (tenant) => withTime(tenant, "yesterday"), "invalid-timestamp"],
  ["the year 9999", (tenant) => withTime(tenant, "9999-01-01T00:00:00Z"), "too-early"],
  ["36 days ago", (tenant) => withTime(tenant, new Date(Date.now() - 36 * 24 * hourMs).toISOString()), "too-late"],
  ["an id of 10 kB", (tenant) => event(tenant, { id: "i".repeat(10_000) }), "invalid-id"],
];

describe("a record of the stream", () => {
  test("that is bad in any way is set aside for its reason, and those around it count", async () => {
    const tenant = await newTenant(ready(), token);
    for (const [, bad] of rows) await putAll(tenant, [event(tenant), bad(tenant), event(tenant)]);
    const count = await poll(
      () => countOf(tenant),
      (is) => is >= 2 * rows.length,
    );
    expect(count).toBe(2 * rows.length);
    const wanted = rows.map(([, , reason]) => reason).toSorted();
    const found = await poll(
      async () => [...(await setAside(tenant)), ...(await setAside(nobody))],
      (reasons) => reasons.length >= rows.length,
    );
    expect(found.toSorted()).toEqual(wanted);
  });

  test("whose dimensions explode is set aside from the limit on, and what is within it counts on", async () => {
    const tenant = await newTenant(ready(), token);
    const paths = Array.from({ length: 12 }, (_, n) =>
      event(tenant, { metric: capped, dimensions: { path: `/${n}` } }),
    );
    await putAll(tenant, [...paths, event(tenant, { metric: capped, dimensions: { path: "/0" } }), event(tenant)]);
    await poll(
      () => countOf(tenant),
      (is) => is === 1,
    );
    const found = await poll(
      () => setAside(tenant),
      (reasons) => reasons.length >= 10,
    );
    expect(found).toEqual(Array.from({ length: 10 }, () => "dimension-limit"));
    expect(await countOf(tenant, capped)).toBe(3);
  });

  test("of a deleted tenant is set aside, and the other tenant's beside it count", async () => {
    const [gone, other] = [await newTenant(ready(), token), await newTenant(ready(), token)];
    // There is no deleting through the API yet; the registry's word is what counts.
    await askJson(ready(), "dynamodb", "DynamoDB_20120810.UpdateItem", {
      TableName: await controlTableOf(ready()),
      Key: { pk: { S: `TENANT#${gone}` }, sk: { S: "TENANT" } },
      UpdateExpression: "SET #status = :deleted",
      ExpressionAttributeNames: { "#status": "status" },
      ExpressionAttributeValues: { ":deleted": { S: "deleted" } },
    });
    await putAll(other, [event(other), event(gone), event(other)]);
    expect(
      await poll(
        () => countOf(other),
        (is) => is === 2,
      ),
    ).toBe(2);
    expect(
      await poll(
        async () => [...(await setAside(other)), ...(await setAside(gone))],
        (reasons) => reasons.length > 0,
      ),
    ).toEqual(["deleted-tenant"]);
  });
});
