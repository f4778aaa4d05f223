import { once } from "node:events";
import { createRequire } from "node:module";
import type { AddressInfo, Server } from "node:net";
import { gunzipSync } from "node:zlib";
import {
  CreateStreamCommand,
  DescribeStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordsCommand,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventId, kinesisUsageSink } from "./usage-sink.ts";

// The embedded cloud's engine. It has no types.
const kinesalite = createRequire(import.meta.url)("kinesalite") as (options: { createStreamMs: number }) => Server;
const engine = kinesalite({ createStreamMs: 0 });
let kinesis: KinesisClient;

beforeAll(async () => {
  engine.listen(0, "127.0.0.1");
  await once(engine, "listening");
  const { port } = engine.address() as AddressInfo;
  kinesis = new KinesisClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    requestHandler: new NodeHttpHandler(),
  });
  await kinesis.send(new CreateStreamCommand({ StreamName: "usage", ShardCount: 1 }));
  for (let status: string | undefined; status !== "ACTIVE";)
    status = (await kinesis.send(new DescribeStreamCommand({ StreamName: "usage" }))).StreamDescription?.StreamStatus;
});
afterAll(() => {
  kinesis.destroy();
  engine.close();
});

const stored = async (partitionKey: string): Promise<string[]> => {
  const { ShardIterator } = await kinesis.send(
    new GetShardIteratorCommand({
      StreamName: "usage",
      ShardId: "shardId-000000000000",
      ShardIteratorType: "TRIM_HORIZON",
    }),
  );
  const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
  return Records.filter((record) => record.PartitionKey === partitionKey).map(({ Data }) => {
    const bytes = Buffer.from(Data ?? []);
    return (bytes[0] === 0x1f ? gunzipSync(bytes) : bytes).toString();
  });
};

const record = (partitionKey: string, text: string) => ({ partitionKey, text, indexes: [0] });

test("records arrive as they are, large ones compressed", async () => {
  const texts = ["small", "large ".repeat(1000)];
  const taken = await kinesisUsageSink("usage", kinesis).put(texts.map((text) => record("plain", text)));
  expect(taken).toEqual([true, true]);
  expect(await stored("plain")).toEqual(texts);
});

test("what is refused or whose reply is lost goes again as it was; the rest does not", async () => {
  let requests = 0;
  const send = async (command: PutRecordsCommand) => {
    const records = command.input.Records ?? [];
    requests++;
    if (requests === 1) {
      await kinesis.send(command);
      throw new Error("The reply was lost.");
    }
    if (requests > 3) return kinesis.send(command);
    const answer = await kinesis.send(new PutRecordsCommand({ ...command.input, Records: records.slice(0, 1) }));
    const refused = { ErrorCode: "ProvisionedThroughputExceededException" };
    return { Records: records.map((_, at) => (at === 0 ? answer.Records?.[0] : refused)) };
  };
  const taken = await kinesisUsageSink("usage", { send }).put(["a", "b", "c"].map((text) => record("faulty", text)));
  expect(taken).toEqual([true, true, true]);
  expect(requests).toBe(4);
  expect((await stored("faulty")).toSorted()).toEqual(["a", "a", "b", "b", "c", "c"]);
});

test("what is never taken is told, and an error of ours is thrown", async () => {
  const send = async ({ input: { Records = [] } }: PutRecordsCommand) => ({
    Records: Records.map(({ Data }) =>
      Buffer.from(Data ?? []).toString() === "b" ? { ErrorCode: "InternalFailure" } : {},
    ),
  });
  const records = ["a", "b"].map((text) => record("x", text));
  expect(await kinesisUsageSink("usage", { send }).put(records)).toEqual([true, false]);
  await expect(kinesisUsageSink("nowhere", kinesis).put(records)).rejects.toThrow(/nowhere/);
});

test("an id from a seed is always the same", () => {
  expect(eventId("a")).toBe(eventId("a"));
  expect(eventId("a")).not.toBe(eventId("b"));
  expect(eventId()).not.toBe(eventId());
});
