import { gunzipSync, gzipSync } from "node:zlib";
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { newId } from "@tenantry/aws/new-id";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { createControlTable, type Engine, startDynamo } from "@tenantry/aws/testing/dynamo-engine";
import { createQuarantineTable, createUsageTable } from "@tenantry/aws/testing/usage-cloud";
import { dynamoUsageTotals } from "@tenantry/aws/usage-totals";
import { newOnboarding } from "@tenantry/core/operation/begin";
import type { Context, KinesisStreamBatchResponse, KinesisStreamEvent } from "aws-lambda";
import { type FauxqsServer, startFauxqs } from "fauxqs";
import { afterAll, beforeAll, expect, test } from "vitest";

// The deployed handler with its own composition root; DynamoDB and S3 are the embedded cloud's engines.

const bucket = "usage-archive";
const tenant = newId("tenant");
const now = Date.now();
const hour = Math.floor(now / 3_600_000);
let dynamo: Engine;
let storage: FauxqsServer;
let s3: S3Client;
let invoke: (event: KinesisStreamEvent) => Promise<KinesisStreamBatchResponse>;

beforeAll(async () => {
  dynamo = await startDynamo();
  storage = await startFauxqs({ port: 0, logger: false });
  Object.assign(process.env, {
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
    AWS_ENDPOINT_URL_S3: storage.address,
    CONTROL_TABLE: "control",
    USAGE_TABLE: "usage",
    USAGE_BUCKET: bucket,
    QUARANTINE_TABLE: "quarantine",
  });
  s3 = new S3Client({});
  await s3.send(new CreateBucketCommand({ Bucket: bucket }));
  await createControlTable(dynamo.documents, "control");
  await createUsageTable(dynamo.documents, "usage");
  await createQuarantineTable(dynamo.documents, "quarantine");
  const at = new Date(now).toISOString();
  await dynamoRegistry(dynamo.documents, "control").register(
    {
      id: tenant,
      slug: "acme-corp",
      name: "Acme Corp",
      tier: "premium",
      status: "active",
      config: { region: "us-east-1", features: [] },
      owner: { email: "owner@acme.example" },
      resources: {},
      created_at: at,
      updated_at: at,
    },
    newOnboarding(newId("operation"), tenant, at),
    {
      audit: {
        id: newId("audit"),
        at,
        actor: "test",
        action: "tenant.register",
        tenant_id: tenant,
        request_id: "r",
        source_ip: null,
        before: null,
        after: null,
      },
      events: [],
    },
  );
  const { handler } = await import("./meter-usage.ts");
  const context = { awsRequestId: "request" } as Context;
  invoke = async (event) => handler(event, context);
});

afterAll(async () => {
  await storage.stop();
  await dynamo.stop();
});

const eventOf = (change: object = {}) => ({
  tenant_id: tenant,
  metric: "api_calls",
  value: 1,
  timestamp: new Date(now).toISOString(),
  ...change,
});

/** The payload that Lambda makes of Kinesis records. */
const lambdaEvent = (contents: readonly (object | string | Buffer)[], first: number): KinesisStreamEvent => ({
  Records: contents.map((content, index) => ({
    eventID: `shardId-000000000000:${first + index}`,
    eventName: "aws:kinesis:record",
    eventSource: "aws:kinesis",
    eventSourceARN: "arn:aws:kinesis:us-east-1:123456789012:stream/usage",
    eventVersion: "1.0",
    awsRegion: "us-east-1",
    invokeIdentityArn: "arn:aws:iam::123456789012:role/consumer",
    kinesis: {
      kinesisSchemaVersion: "1.0",
      partitionKey: tenant,
      sequenceNumber: String(first + index),
      data: Buffer.from(
        Buffer.isBuffer(content) || typeof content === "string" ? content : JSON.stringify(content),
      ).toString("base64"),
      approximateArrivalTimestamp: now / 1000,
    },
  })),
});

const counted = async () => {
  const hours = await dynamoUsageTotals("usage").hours(tenant, hour - 24, hour + 1);
  return hours.reduce((count, { totals }) => count + (totals.api_calls?.count ?? 0), 0);
};

const objects = async (prefix: string) => {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
  return Contents.map(({ Key = "" }) => Key);
};

const read = async (key: string) => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
};

const poison: readonly (readonly [reason: string, content: object | string | Buffer])[] = [
  ["not-json", "hello"],
  ["empty", ""],
  ["not-json", `{"tenant_id":"${tenant}","metric":"api_calls","value":NaN}`],
  ["not-json", "x".repeat(1024 * 1024)],
  ["not-utf8", Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
  ["not-an-object", "[1]"],
  ["truncated-gzip", gzipSync(JSON.stringify(eventOf())).subarray(0, -9)],
  ["truncated-gzip", Buffer.from([0x1f, 0x8b])],
  ["invalid-gzip", Buffer.from([0x1f, 0x8b, 0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ["invalid-gzip", Buffer.concat([gzipSync(JSON.stringify(eventOf())), Buffer.from("more")])],
  ["too-large", gzipSync(Buffer.alloc(16 * 1024 * 1024 + 1))],
  ["not-utf8", gzipSync(Buffer.from([0xff]))],
  ["not-json", gzipSync("hello")],
  ["unknown-tenant", eventOf({ tenant_id: newId("tenant") })],
  ["invalid-tenant", eventOf({ tenant_id: "tenant_123" })],
  ["unknown-metric", eventOf({ metric: "coffee" })],
  ["invalid-value", eventOf({ value: "1" })],
  ["invalid-value", eventOf({ value: 1e300 })],
  ["invalid-value", eventOf({ value: 1.000_000_1 })],
  ["invalid-value", eventOf({ value: -1 })],
  ["invalid-timestamp", eventOf({ timestamp: "last Tuesday" })],
  ["too-late", eventOf({ timestamp: new Date(now - 36 * 86_400_000).toISOString() })],
  ["too-early", eventOf({ timestamp: "9999-12-31T23:59:59Z" })],
  ["invalid-id", eventOf({ id: "i".repeat(10_000) })],
];

test("poison is set aside byte for byte, what stands beside it is counted, and the shard goes on", async () => {
  const contents = poison.flatMap(([, content]) => [eventOf(), content]);
  const batch = lambdaEvent([...contents, eventOf()], 1000);
  expect(await invoke(batch)).toEqual({ batchItemFailures: [] });
  expect(await counted()).toBe(poison.length + 1);

  const [key = "", ...more] = await objects("quarantine/");
  expect(more).toEqual([]);
  const name = `shardId-000000000000-1001-${999 + 2 * poison.length}`;
  expect(key).toMatch(new RegExp(`^quarantine/\\d{4}/\\d\\d/\\d\\d/\\d\\d/${name}\\.jsonl$`));
  const lines = (await read(key)).toString().trimEnd().split("\n");
  const kept = lines.map((line) => JSON.parse(line) as { faults: { reason: string }[]; data: string });
  expect(kept.map(({ faults }) => faults[0]?.reason)).toEqual(poison.map(([reason]) => reason));
  expect(kept.map(({ data }) => data)).toEqual(batch.Records.filter((_, n) => n % 2 === 1).map((r) => r.kinesis.data));

  // The same batch again: nothing twice, neither in the totals nor in the bucket.
  expect(await invoke(batch)).toEqual({ batchItemFailures: [] });
  expect(await counted()).toBe(poison.length + 1);
  expect(await objects("quarantine/")).toHaveLength(1);
});

test("the batch is in the archive as it came in", async () => {
  const batch = lambdaEvent([eventOf({ id: "a" }), Buffer.from([0xff])], 2000);
  await invoke(batch);
  const key = (await objects("archive/")).find((name) => name.includes("-2000-2001"));
  const bytes = await read(key ?? "");
  const lines = gunzipSync(bytes).toString().trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { position: "shardId-000000000000:2000", partition_key: tenant, text: JSON.stringify(eventOf({ id: "a" })) },
    { position: "shardId-000000000000:2001", data: "/w==" },
  ]);
});

test("packed records, plain or compressed, count line by line beside plain ones", async () => {
  const before = await counted();
  const lines = (count: number, id: string) =>
    Array.from({ length: count }, (_, n) => JSON.stringify(eventOf({ id: `${id}-${n}` }))).join("\n");
  const contents = [
    eventOf(),
    gzipSync(JSON.stringify(eventOf({ id: "one" }))),
    lines(7, "plain"),
    gzipSync(lines(1000, "packed")),
    Buffer.concat([gzipSync(lines(3, "first")), gzipSync(`\n${lines(4, "second")}`)]),
    `${lines(3000, "large")}\n`.padEnd(1024 * 1024, " "),
    lines(2, "plain"),
  ];
  expect(await invoke(lambdaEvent(contents, 5000))).toEqual({ batchItemFailures: [] });
  expect(await counted()).toBe(before + 1 + 1 + 7 + 1000 + 7 + 3000);
});

test("a batch that unpacks to more than a function holds is taken in parts", async () => {
  const before = await counted();
  const bomb = gzipSync(`${JSON.stringify(eventOf())}${" ".repeat(16 * 1024 * 1024 - 1000)}`);
  let rest = lambdaEvent(
    Array.from({ length: 20 }, () => bomb),
    6000,
  ).Records;
  let invocations = 0;
  for (; rest.length > 0; invocations++) {
    const [failure] = (await invoke({ Records: rest })).batchItemFailures;
    const at = rest.findIndex(({ kinesis }) => kinesis.sequenceNumber === failure?.itemIdentifier);
    rest = at < 0 ? [] : rest.slice(at);
    expect(invocations).toBeLessThan(5);
  }
  expect(invocations).toBe(3);
  expect(await counted()).toBe(before + 20);
});

test("a batch of which a part cannot be written asks for its first such record again", async () => {
  const before = await counted();
  const usage = dynamo.documents;
  // A damaged item stands for whatever keeps one chunk from being written.
  const damaged = new Date(now - 5 * 3_600_000);
  const { PutCommand, DeleteCommand } = await import("@aws-sdk/lib-dynamodb");
  const Key = { pk: `TENANT#${tenant}`, sk: `HOUR#${damaged.toISOString().slice(0, 13)}` };
  await usage.send(new PutCommand({ TableName: "usage", Item: { ...Key, version: 1 } }));
  const batch = lambdaEvent([eventOf(), eventOf({ timestamp: damaged.toISOString() }), eventOf()], 3000);
  await expect(invoke(batch)).resolves.toEqual({ batchItemFailures: [{ itemIdentifier: "3001" }] });
  await usage.send(new DeleteCommand({ TableName: "usage", Key }));
  expect(await invoke({ Records: batch.Records.slice(1) })).toEqual({ batchItemFailures: [] });
  expect(await counted()).toBe(before + 3);
});
