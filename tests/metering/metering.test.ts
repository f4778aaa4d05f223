import { randomUUID } from "node:crypto";
import { KinesisClient, PutRecordCommand, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import { GetObjectCommand, ListBucketsCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { createMeter } from "@tenantry/meter/meter";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onboard, operator, poll, send, signIn } from "../support/api.ts";
import { ready } from "../support/ready.ts";

// From any Kinesis client to the usage answer, through the deployed stream, event source mapping, function and API.

const hourMs = 3_600_000;
let token: string;
let kinesis: KinesisClient;

beforeAll(async () => {
  token = await signIn(ready());
  // Not a setting of this client has been changed: it speaks HTTP/2.
  kinesis = new KinesisClient(operator(ready()));
});
afterAll(() => kinesis.destroy());

const newTenant = async (): Promise<string> => {
  const { operation } = await onboard(ready(), token, { name: `Meter ${randomUUID()}`, tier: "standard" });
  return operation.tenant_id as string;
};

const put = (tenantId: string, data: string) =>
  kinesis.send(
    new PutRecordCommand({ StreamName: ready().usage_stream, PartitionKey: tenantId, Data: Buffer.from(data) }),
  );

type Bucket = { start: string; end: string; value: string; count: number; final: boolean };

const usageOf = async (tenantId: string, window = "hour", metric = "api_calls") => {
  const from = new Date(Date.now() - 24 * hourMs).toISOString();
  const to = new Date(Date.now() + hourMs).toISOString();
  const path = `/admin/tenants/${tenantId}/usage?metric=${metric}&from=${from}&to=${to}&window=${window}`;
  const { status, body, text } = await send(ready(), "GET", path, { token });
  if (status !== 200) throw new Error(`${status} ${text}`);
  const buckets = body.buckets as Bucket[];
  return {
    body,
    buckets,
    count: buckets.reduce((count, bucket) => count + bucket.count, 0),
    used: buckets.filter((bucket) => bucket.count > 0),
  };
};

type Kept = { partition_key: string; data: string; faults: { line: number; reason: string; detail: string }[] };

/** What lies in quarantine of the records with this partition key. */
const quarantined = async (partitionKey: string): Promise<Kept[]> => {
  const s3 = new S3Client(operator(ready()));
  const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
  const kept: Kept[] = [];
  for (const { Name: Bucket } of Buckets) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "quarantine/" }));
    for (const { Key } of Contents) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      const lines = (await Body?.transformToString())?.trimEnd().split("\n") ?? [];
      kept.push(...lines.map((line) => JSON.parse(line) as Kept));
    }
  }
  s3.destroy();
  const mine = kept.filter((record) => record.partition_key === partitionKey);
  return [...new Map(mine.map((record) => [record.data, record])).values()];
};

/** The event as the documentation has it: the time in UTC, in microseconds, without a zone. */
const documented = (tenantId: string, extra = "") =>
  `{"tenant_id": "${tenantId}", "metric": "api_calls", "value": 1, "timestamp": "${new Date().toISOString().replace("Z", "456")}"${extra}}`;

test("an event put by the default client is in the answer within five seconds", async () => {
  const tenant = await newTenant();
  const at = Date.now();
  await put(tenant, documented(tenant));
  const { body, used } = await poll(
    () => usageOf(tenant),
    ({ count }) => count > 0,
  );
  const took = Date.now() - at;
  const start = new Date(Math.floor(at / hourMs) * hourMs);
  expect(used).toEqual([
    {
      start: start.toISOString(),
      end: new Date(start.getTime() + hourMs).toISOString(),
      value: "1",
      count: 1,
      final: false,
    },
  ]);
  expect(body).toMatchObject({ tenant_id: tenant, metric: "api_calls", unit: "call", window: "hour" });
  expect(Date.parse(body.as_of)).toBeGreaterThanOrEqual(at);
  expect(took).toBeLessThan(5000);
  for (const window of ["day", "month"])
    expect(await usageOf(tenant, window)).toMatchObject({ count: 1, used: [{ value: "1" }] });
});

test("duplicates of one id count once, and decimals add up exactly", async () => {
  const tenant = await newTenant();
  const event = { tenant_id: tenant, metric: "compute_hours", timestamp: new Date().toISOString() };
  const records = [
    { ...event, value: 0.1, id: "one" },
    { ...event, value: 0.1, id: "one" },
    { ...event, value: 0.2, id: "two" },
    { ...event, value: 0.2 },
    { ...event, value: 0.2 },
  ];
  for (let round = 0; round < 2; round++)
    await kinesis.send(
      new PutRecordsCommand({
        StreamName: ready().usage_stream,
        Records: records
          .filter((record) => round === 0 || "id" in record)
          .map((record) => ({ PartitionKey: tenant, Data: Buffer.from(JSON.stringify(record)) })),
      }),
    );
  // The last record of the shard tells that those before it are done.
  await put(tenant, JSON.stringify({ ...event, value: 1, id: "last" }));
  const { used } = await poll(
    () => usageOf(tenant, "day", "compute_hours"),
    ({ count }) => count >= 5,
  );
  expect(used).toHaveLength(1);
  expect(used[0]).toMatchObject({ value: "1.7", count: 5 });
});

test("what the meter package records arrives whole", async () => {
  const tenant = await newTenant();
  const meter = createMeter({ stream: ready().usage_stream, client: kinesis });
  for (let n = 0; n < 1500; n++) meter.record({ tenant_id: tenant, metric: "api_calls", value: 1 });
  expect(await meter.close({ timeout: 20_000 })).toBe(0);
  const { count } = await poll(
    () => usageOf(tenant),
    (answer) => answer.count >= 1500,
  );
  expect(count).toBe(1500);
});

test("malformed records do not hold up those beside them", async () => {
  const tenant = await newTenant();
  const poison = [
    "not json",
    `{"tenant_id": "${tenant}", "metric": "api_calls", "value": NaN, "timestamp": "2026-11-20T13:45:12"}`,
    documented(tenant).replace('"value": 1', '"value": "1"'),
    documented(tenant).replace('"value": 1', '"value": -1'),
    documented(tenant).replace('"value": 1', '"value": 1e300'),
    documented(tenant).replace('"value": 1', '"value": 0.1234567'),
    documented(tenant).replace("api_calls", "coffee"),
    documented("ten_01JD0000000000000000000000"),
    documented(tenant).replace(/"timestamp": ".*"/, '"timestamp": "yesterday"'),
    documented(tenant).replace(/"timestamp": ".*"/, '"timestamp": "9999-01-01T00:00:00Z"'),
  ];
  const contents = [...poison.flatMap((bad) => [documented(tenant), bad]), documented(tenant)];
  const { FailedRecordCount } = await kinesis.send(
    new PutRecordsCommand({
      StreamName: ready().usage_stream,
      Records: [...contents.map((content) => Buffer.from(content)), Buffer.from([0xff, 0xfe, 0x7b])].map((Data) => ({
        PartitionKey: tenant,
        Data,
      })),
    }),
  );
  expect(FailedRecordCount).toBe(0);
  await put(tenant, documented(tenant));
  const { count } = await poll(
    () => usageOf(tenant),
    (answer) => answer.count >= poison.length + 2,
  );
  expect(count).toBe(poison.length + 2);
  const kept = await poll(
    () => quarantined(tenant),
    (records) => records.length > poison.length,
  );
  expect(kept.map(({ data }) => Buffer.from(data, "base64").toString()).toSorted()).toEqual(
    [...poison, Buffer.from([0xff, 0xfe, 0x7b]).toString()].toSorted(),
  );
  for (const { faults } of kept) expect(faults).toMatchObject([{ line: 1, detail: expect.any(String) }]);
});

describe("a window that is none is a problem", () => {
  test.for([
    ["from=2026-11-20&to=2026-11-19&window=day&metric=api_calls", "invalid-usage-window"],
    ["from=2026-11-20&to=2026-11-20&window=day&metric=api_calls", "invalid-usage-window"],
    ["from=2025-01-01&to=2026-11-20&window=day&metric=api_calls", "invalid-usage-window"],
    ["from=2026-11-01&to=2026-11-20&window=week&metric=api_calls", "invalid-request"],
    ["from=2026-11-01&to=2026-11-20&window=day&metric=coffee", "invalid-request"],
    ["from=soon&to=2026-11-20&window=day&metric=api_calls", "invalid-request"],
    ["to=2026-11-20&window=day&metric=api_calls", "invalid-request"],
  ] as const)("%s", async ([query, code]) => {
    const path = `/admin/tenants/ten_01JD0000000000000000000000/usage?${query}`;
    const { status, body } = await send(ready(), "GET", path, { token });
    expect(status).toBe(400);
    expect(body.type).toMatch(new RegExp(`/${code}$`));
    expect(body.errors.length).toBeGreaterThan(0);
  });

  test("and an unknown tenant is not found", async () => {
    const query = "from=2026-11-01&to=2026-11-20&window=day&metric=api_calls";
    const path = `/admin/tenants/ten_01JD0000000000000000000000/usage?${query}`;
    expect((await send(ready(), "GET", path, { token })).status).toBe(404);
  });
});
