import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
  PutRecordsCommand,
  UpdateShardCountCommand,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "../gateway/testing.ts";
import { kinesis } from "./kinesis.ts";

const StreamARN = "arn:aws:kinesis:us-east-1:123456789012:stream/usage";
const graph = graphOf(
  {
    type: "aws:kinesis/stream:Stream",
    name: "Usage",
    inputs: { name: "usage", shardCount: 2, retentionPeriod: 48 },
    outputs: { arn: StreamARN },
  },
  roleOf("producer", [{ Effect: "Allow", Action: ["kinesis:PutRecord"], Resource: StreamARN }]),
  roleOf("consumer", [
    {
      Effect: "Allow",
      Action: ["kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"],
      Resource: StreamARN,
    },
  ]),
);

describe("Kinesis", () => {
  let cloud: TestCloud;
  /** The client as it comes: HTTP/2 without TLS, prior knowledge. */
  let client: KinesisClient;
  beforeAll(async () => {
    cloud = await startTestCloud([kinesis]);
    await cloud.apply(graph);
    client = new KinesisClient(cloud.client());
  });
  afterAll(async () => {
    client.destroy();
    await cloud.close();
  });

  const readAll = async (from: KinesisClient): Promise<string[]> => {
    const { Shards = [] } = await from.send(new ListShardsCommand({ StreamARN }));
    const texts: string[] = [];
    for (const { ShardId } of Shards) {
      const start = { StreamARN, ShardId, ShardIteratorType: "TRIM_HORIZON" as const };
      const { ShardIterator } = await from.send(new GetShardIteratorCommand(start));
      const { Records = [] } = await from.send(new GetRecordsCommand({ ShardIterator, StreamARN }));
      texts.push(...Records.map((record) => Buffer.from(record.Data ?? []).toString("utf8")));
    }
    return texts;
  };

  test("the graph's stream has its shards, retention and ARN", async () => {
    const { StreamDescriptionSummary: stream } = await client.send(new DescribeStreamSummaryCommand({ StreamARN }));
    expect(stream).toMatchObject({ StreamARN, StreamStatus: "ACTIVE", OpenShardCount: 2, RetentionPeriodHours: 48 });
  });

  test("applying the same graph again changes nothing", async () => {
    await cloud.apply(graph);
    const { StreamDescriptionSummary: stream } = await client.send(new DescribeStreamSummaryCommand({ StreamARN }));
    expect(stream).toMatchObject({ OpenShardCount: 2, RetentionPeriodHours: 48 });
  });

  test("records put by name or ARN, one or many, are read in order of their partition key", async () => {
    await client.send(new PutRecordCommand({ StreamName: "usage", PartitionKey: "a", Data: Buffer.from("1") }));
    await client.send(new PutRecordCommand({ StreamARN, PartitionKey: "a", Data: Buffer.from("2") }));
    const Records = ["3", "4", "5"].map((text) => ({ PartitionKey: "a", Data: Buffer.from(text) }));
    await expect(client.send(new PutRecordsCommand({ StreamARN, Records }))).resolves.toMatchObject({
      FailedRecordCount: 0,
    });
    expect(await readAll(client)).toEqual(["1", "2", "3", "4", "5"]);
  });

  test("HTTP/1.1 clients use the same port", async () => {
    const one = new KinesisClient({ ...cloud.client(), requestHandler: new NodeHttpHandler() });
    await expect(one.send(new ListShardsCommand({ StreamName: "usage" }))).resolves.toMatchObject({
      Shards: [{ ShardId: "shardId-000000000000" }, { ShardId: "shardId-000000000001" }],
    });
    one.destroy();
  });

  test("an on-demand stream begins with four shards", async () => {
    await client.send(
      new CreateStreamCommand({ StreamName: "demand", StreamModeDetails: { StreamMode: "ON_DEMAND" } }),
    );
    await expect
      .poll(async () => (await client.send(new ListShardsCommand({ StreamName: "demand" }))).Shards?.length)
      .toBe(4);
  });

  test("roles may read or write as their policies say; an iterator names its stream", async () => {
    const producer = new KinesisClient(cloud.client("producer"));
    const consumer = new KinesisClient(cloud.client("consumer"));
    const put = new PutRecordCommand({ StreamARN, PartitionKey: "b", Data: Buffer.from("6") });
    await expect(producer.send(put)).resolves.toBeDefined();
    await expect(consumer.send(put)).rejects.toMatchObject({ name: "AccessDeniedException" });
    await expect(readAll(consumer)).resolves.toContain("6");
    const start = { StreamName: "usage", ShardId: "shardId-000000000000", ShardIteratorType: "LATEST" as const };
    const { ShardIterator } = await consumer.send(new GetShardIteratorCommand(start));
    await expect(producer.send(new GetRecordsCommand({ ShardIterator }))).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
    producer.destroy();
    consumer.destroy();
  });

  test("an action that is not there is refused by name", async () => {
    const update = new UpdateShardCountCommand({
      StreamName: "usage",
      TargetShardCount: 4,
      ScalingType: "UNIFORM_SCALING",
    });
    await expect(client.send(update)).rejects.toMatchObject({
      $metadata: { httpStatusCode: 501 },
      message: "The embedded cloud has no kinesis:UpdateShardCount.",
    });
  });

  test("records survive a restart", async () => {
    const before = await readAll(client);
    client.destroy();
    await cloud.close({ keep: true });
    cloud = await startTestCloud([kinesis], cloud.host.data);
    await cloud.apply(graph);
    client = new KinesisClient(cloud.client());
    expect(await readAll(client)).toEqual(before);
  });
});
