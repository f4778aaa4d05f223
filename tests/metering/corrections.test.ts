import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import { GetQueueAttributesCommand, ListQueuesCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { onboard, operator, poll, send, signIn } from "../support/api.ts";
import { root } from "../support/app.ts";
import { ready } from "../support/ready.ts";

// The operator's tools through the deployed API: quarantine, corrections, the recovery of batches, the rebuild.

const hourMs = 3_600_000;
let token: string;
let kinesis: KinesisClient;
let tenant: string;

beforeAll(async () => {
  token = await signIn(ready());
  kinesis = new KinesisClient(operator(ready()));
  const { operation } = await onboard(ready(), token, { name: `Correct ${randomUUID()}`, tier: "standard" });
  tenant = operation.tenant_id as string;
});
afterAll(() => kinesis.destroy());

const put = (event: object) =>
  kinesis.send(
    new PutRecordCommand({
      StreamName: ready().usage_stream,
      PartitionKey: tenant,
      Data: Buffer.from(JSON.stringify({ tenant_id: tenant, timestamp: new Date().toISOString(), ...event })),
    }),
  );

const usageOf = async (metric: string): Promise<{ value: string; count: number }> => {
  const [from, to] = [-24, 24].map((hours) => new Date(Date.now() + hours * hourMs).toISOString());
  const path = `/admin/tenants/${tenant}/usage?metric=${metric}&from=${from}&to=${to}&window=day`;
  const { body, text } = await send(ready(), "GET", path, { token });
  if (body.buckets === undefined) throw new Error(text);
  const buckets = body.buckets as { value: string; count: number }[];
  return buckets.find(({ count }) => count > 0) ?? { value: "0", count: 0 };
};

const waiting = async () =>
  (await send(ready(), "GET", `/admin/usage/quarantine?tenant_id=${tenant}&state=waiting`, { token })).body.items;

test("a record of a metric that is defined too late is listed, looked at, redriven, and counts once", async () => {
  const metric = `coffee_${randomUUID().slice(0, 8)}`;
  await put({ metric, value: 2.5 });
  const [entry] = await poll(waiting, (items) => items.length > 0);
  expect(entry).toMatchObject({ tenant_id: tenant, reasons: ["unknown-metric"], events: 1, state: "waiting" });
  const path = `/admin/usage/quarantine/${entry.id}`;
  const looked = await send(ready(), "GET", path, { token });
  expect(JSON.parse(looked.body.content.text)).toMatchObject({ metric, value: 2.5 });
  const early = await send(ready(), "POST", `${path}/redrive`, { token });
  expect(early.body).toMatchObject({ state: "waiting", redrives: [{ counted: 0, rejected: 1 }] });

  const definition = { unit: "cup", aggregation: "sum", decimals: 1, dimensions: [], cardinality_limit: 1 };
  const defined = await send(ready(), "PUT", `/admin/meters/${metric}`, { token, body: definition });
  expect([200, 201]).toContain(defined.status);
  // A function that looked half a minute ago still knows the old definitions; an unknown metric makes it look again.
  const redriven = await send(ready(), "POST", `${path}/redrive`, { token });
  expect(redriven.body).toMatchObject({ state: "redriven" });
  expect((await send(ready(), "POST", `${path}/redrive`, { token })).status).toBe(409);
  expect(await usageOf(metric)).toMatchObject({ value: "2.5", count: 1 });
});

describe("corrections", () => {
  const correct = (body: object, headers: Record<string, string> = {}) =>
    send(ready(), "POST", "/admin/usage/adjustments", { token, body, headers });
  const common = () => ({
    tenant_id: tenant,
    metric: "compute_hours",
    timestamp: new Date().toISOString(),
    reason: "A test.",
  });

  test("change what is counted exactly, once for each key, and are listed", async () => {
    const [kept, wrong] = [randomUUID(), randomUUID()];
    await put({ metric: "compute_hours", value: 0.1, id: kept });
    await put({ metric: "compute_hours", value: 100, id: wrong });
    await poll(
      () => usageOf("compute_hours"),
      ({ count }) => count === 2,
    );

    const voided = { type: "void", ...common(), event_id: wrong };
    const made = await correct(voided);
    expect(made).toMatchObject({ status: 201, body: { status: "applied" } });
    for (const again of [voided, { ...voided, event_id: made.body.id as string }])
      expect(await correct(again)).toMatchObject({ status: 409, body: { type: "/problems/state-conflict" } });
    expect(await correct({ ...voided, event_id: "nobody" })).toMatchObject({ status: 404 });
    expect(await usageOf("compute_hours")).toMatchObject({ value: "0.1", count: 1 });

    const key = { "idempotency-key": randomUUID() };
    const adjust = { type: "adjust", ...common(), value: "-0.000001" };
    const [first, second] = [await correct(adjust, key), await correct(adjust, key)];
    expect(first).toMatchObject({ status: 201, body: { status: "applied", value: "-0.000001" } });
    expect(second.body).toEqual(first.body);
    expect(await usageOf("compute_hours")).toMatchObject({ value: "0.099999", count: 2 });
    const { body } = await send(ready(), "GET", `/admin/usage/adjustments?tenant_id=${tenant}&limit=1`, { token });
    expect(body).toMatchObject({ items: [{ id: first.body.id }], next_cursor: expect.any(String) });
  });

  test.for<[string, object, string]>([
    ["no reason", { type: "adjust", value: "1", reason: undefined }, "/reason"],
    ["a blank reason", { type: "adjust", value: "1", reason: "  " }, "/reason"],
    ["seven decimals", { type: "adjust", value: "1.0000001" }, "/value"],
    ["zero", { type: "adjust", value: "0" }, "/value"],
    ["a number", { type: "adjust", value: 1 }, "/value"],
    ["no value", { type: "adjust" }, "/value"],
    ["a value to void", { type: "void", event_id: "a", value: "1" }, "/value"],
    ["no event", { type: "void" }, "/event_id"],
    ["another type", { type: "delete", event_id: "a" }, "/type"],
    ["a time in words", { type: "adjust", value: "1", timestamp: "yesterday" }, "/timestamp"],
  ])("%s is a problem", async ([, change, pointer]) => {
    const { status, body } = await correct({ ...common(), ...change });
    expect(status).toBe(400);
    expect(body.errors).toEqual(expect.arrayContaining([expect.objectContaining({ pointer })]));
  });
});

test("a batch that was given up on is read from the stream again, and the queue of failures is empty after", async () => {
  const sent = await put({ metric: "api_calls", value: 1 });
  await poll(
    () => usageOf("api_calls"),
    ({ count }) => count > 0,
  );
  const before = await usageOf("api_calls");
  const sqs = new SQSClient(operator(ready()));
  const { QueueUrls = [] } = await sqs.send(new ListQueuesCommand({}));
  const QueueUrl = QueueUrls.find((url) => url.includes("UsageFailures"));
  const now = new Date().toISOString();
  const KinesisBatchInfo = {
    shardId: sent.ShardId,
    startSequenceNumber: sent.SequenceNumber,
    endSequenceNumber: sent.SequenceNumber,
    approximateArrivalOfFirstRecord: now,
    approximateArrivalOfLastRecord: now,
    batchSize: 1,
    streamArn: "arn",
  };
  await sqs.send(
    new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify({ version: "1.0", KinesisBatchInfo }) }),
  );
  const left = await poll(
    async () => {
      const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["All"] }));
      return (
        Number(Attributes["ApproximateNumberOfMessages"]) + Number(Attributes["ApproximateNumberOfMessagesNotVisible"])
      );
    },
    (messages) => messages === 0,
  );
  expect(left).toBe(0);
  expect(await usageOf("api_calls")).toEqual(before);
});

test("npm run usage:rebuild finds what is kept equal to the archive, to the byte", async () => {
  const at = (hours: number) => new Date(Math.floor(Date.now() / hourMs + hours) * hourMs).toISOString();
  const run = promisify(execFile)(process.execPath, [
    join(root, "scripts/usage-rebuild.ts"),
    "--data",
    ready().data,
    "--tenant",
    tenant,
    "--from",
    at(-24),
    "--to",
    at(1),
    "--full",
  ]);
  expect((await run).stdout).toMatch(/^Events: \d+, chunks of an hour: \d+, equal\.\n$/);
});
