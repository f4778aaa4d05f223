import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { dynamodb } from "../../engines/dynamodb.ts";
import { kinesis } from "../../engines/kinesis.ts";
import { storage } from "../../engines/storage.ts";
import { graphOf, startTestCloud, type TestCloud } from "../../gateway/testing.ts";
import type { Invocation, PartFactory } from "../../part.ts";
import { functionArn, resource, type TestResource } from "../fixture.ts";
import { createSources, type Sources } from "./sources.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- events and answers are looked at, not used
type Json = any;

const account = "123456789012";
const streamArn = `arn:aws:kinesis:us-east-1:${account}:stream/usage`;
const queueArn = (name: string): string => `arn:aws:sqs:us-east-1:${account}:${name}`;

const stream = (shardCount: number): TestResource => ({
  type: "aws:kinesis/stream:Stream",
  name: "Usage",
  inputs: { name: "usage", shardCount },
  outputs: { arn: streamArn },
});
const queue = (name: string): TestResource => ({
  type: "aws:sqs/queue:Queue",
  name,
  inputs: { name, visibilityTimeoutSeconds: 1 },
  outputs: { name, arn: queueArn(name) },
});
const mapping = (inputs: Record<string, unknown>): TestResource =>
  resource("aws:lambda/eventSourceMapping:EventSourceMapping", "Mapping", {
    functionName: functionArn("consumer"),
    startingPosition: "TRIM_HORIZON",
    eventSourceArn: streamArn,
    ...inputs,
  });

let cloud: TestCloud;
let sources: Sources;
let batches: string[][];
let answer: (data: string[], event: Json) => Invocation | Promise<Invocation>;

const well: Invocation = { payload: null };
const failed: Invocation = { payload: null, error: { errorType: "Error", errorMessage: "no" } };

const dataOf = (event: Json): string[] =>
  event.Records.map((record: Json) =>
    record.kinesis
      ? Buffer.from(record.kinesis.data, "base64").toString()
      : (record.body ?? record.dynamodb.NewImage.n.N),
  );

const begin = async (parts: readonly PartFactory[], ...resources: TestResource[]): Promise<void> => {
  cloud = await startTestCloud(parts);
  cloud.host.invoke = async (_, event) => {
    const data = dataOf(event);
    batches.push(data);
    return answer(data, event);
  };
  await cloud.apply(graphOf(...resources));
  await restart(...resources);
};
const restart = async (...resources: TestResource[]): Promise<void> => {
  sources = createSources(cloud.host, () => "arn:aws:iam::123456789012:role/consumer");
  await sources.apply(graphOf(...resources));
  await sources.start();
};

const put = (data: string, key = "k"): Promise<Json> =>
  cloud.host.call("kinesis", "PutRecord", {
    StreamName: "usage",
    PartitionKey: key,
    Data: Buffer.from(data).toString("base64"),
  });
const putAll = (items: readonly string[], key: (item: string) => string = () => "k"): Promise<Json> =>
  cloud.host.call("kinesis", "PutRecords", {
    StreamName: "usage",
    Records: items.map((item) => ({ PartitionKey: key(item), Data: Buffer.from(item).toString("base64") })),
  });
const seen = (): string[] => batches.flat();
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 60_000, interval: 10 });
const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const received = async (name: string): Promise<Json[]> => {
  const { Messages = [] } = (await cloud.host.call("sqs", "ReceiveMessage", {
    QueueUrl: `http://127.0.0.1/${account}/${name}`,
    WaitTimeSeconds: 5,
  })) as Json;
  return Messages.map((message: Json) => JSON.parse(message.Body));
};

beforeEach(() => {
  batches = [];
  answer = () => well;
});
afterEach(async () => {
  await sources.close();
  await cloud.close();
});

describe("a Kinesis mapping", () => {
  test("hands records over within half a second, in Lambda's shape", async () => {
    let event: Json;
    answer = (_, given) => {
      event = given;
      return well;
    };
    await begin([kinesis], stream(1), mapping({}));
    await sleep(300);
    const at = performance.now();
    const { SequenceNumber, ShardId } = await put("hello", "tenant");
    await until(() => expect(event).toBeDefined());
    expect(performance.now() - at).toBeLessThan(500);
    expect(event).toEqual({
      Records: [
        {
          kinesis: {
            kinesisSchemaVersion: "1.0",
            partitionKey: "tenant",
            sequenceNumber: SequenceNumber,
            data: Buffer.from("hello").toString("base64"),
            approximateArrivalTimestamp: expect.any(Number),
          },
          eventSource: "aws:kinesis",
          eventVersion: "1.0",
          eventID: `${ShardId}:${SequenceNumber}`,
          eventName: "aws:kinesis:record",
          invokeIdentityArn: "arn:aws:iam::123456789012:role/consumer",
          awsRegion: "us-east-1",
          eventSourceARN: streamArn,
        },
      ],
    });
  });

  test("consumes nothing while it is disabled, over a restart too, and everything once it is enabled", async () => {
    await begin([kinesis], stream(1), mapping({}));
    const [{ id } = { id: "" }] = sources.list();
    await sources.enable(id, false);
    await put("1");
    await sources.close();
    await restart(stream(1), mapping({}));
    expect(sources.list()).toMatchObject([{ id, enabled: false }]);
    await put("2");
    await sleep(300);
    expect(seen()).toEqual([]);
    await sources.enable(id, true);
    await until(() => expect(seen()).toEqual(["1", "2"]));
  });

  test("fills batches up to their size, within its window", async () => {
    await begin([kinesis], stream(1), mapping({ batchSize: 4, maximumBatchingWindowInSeconds: 1 }));
    await putAll(["1", "2", "3", "4", "5"]);
    await until(() => expect(seen()).toHaveLength(5));
    expect(batches).toEqual([["1", "2", "3", "4"], ["5"]]);
  });

  test("keeps the order per key with several batches at once", async () => {
    let running = 0;
    let most = 0;
    answer = async () => {
      running += 1;
      most = Math.max(most, running);
      await sleep(30);
      running -= 1;
      return well;
    };
    await begin([kinesis], stream(1), mapping({ batchSize: 2, parallelizationFactor: 4 }));
    const items = Array.from({ length: 40 }, (_, index) => `${"abcdefgh"[index % 8]}${String(index).padStart(2, "0")}`);
    await putAll(items, (item) => item.slice(0, 1));
    await until(() => expect(seen()).toHaveLength(40));
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(4);
    for (const key of "abcdefgh") {
      const own = seen().filter((item) => item.startsWith(key));
      expect(own).toEqual(own.toSorted());
    }
  });

  test("tries a failed batch again before anything behind it", async () => {
    let failures = 2;
    answer = () => (failures-- > 0 ? failed : well);
    await begin([kinesis], stream(1), mapping({ batchSize: 2 }));
    await putAll(["1", "2", "3"]);
    await until(() => expect(seen()).toContain("3"));
    expect(batches).toEqual([["1", "2"], ["1", "2"], ["1", "2"], ["3"]]);
  });

  test("continues from the lowest failure that a partial answer reports", async () => {
    let reported = false;
    answer = (_, event) => {
      if (reported) return well;
      reported = true;
      const identifiers = [event.Records[3], event.Records[2]].map((record: Json) => record.kinesis.sequenceNumber);
      return { payload: { batchItemFailures: identifiers.map((itemIdentifier) => ({ itemIdentifier })) } };
    };
    await begin([kinesis], stream(1), mapping({ functionResponseTypes: ["ReportBatchItemFailures"] }));
    await putAll(["1", "2", "3", "4"]);
    await until(() => expect(batches).toHaveLength(2));
    expect(batches).toEqual([
      ["1", "2", "3", "4"],
      ["3", "4"],
    ]);
  });

  test("takes a partial answer that names no record of the batch for a whole failure", async () => {
    let answered = 0;
    answer = () => {
      answered += 1;
      return answered === 1 ? { payload: { batchItemFailures: [{ itemIdentifier: "" }] } } : well;
    };
    await begin([kinesis], stream(1), mapping({ functionResponseTypes: ["ReportBatchItemFailures"] }));
    await putAll(["1", "2"]);
    await until(() =>
      expect(batches).toEqual([
        ["1", "2"],
        ["1", "2"],
      ]),
    );
  });

  test("halves a batch to find the poison, gives it up to the queue, and goes on", async () => {
    answer = (data) => (data.includes("bad") ? failed : well);
    const settings = {
      bisectBatchOnFunctionError: true,
      maximumRetryAttempts: 1,
      destinationConfig: { onFailure: { destinationArn: queueArn("dead") } },
    };
    await begin([kinesis, storage], stream(1), queue("dead"), mapping(settings));
    await putAll(["1", "2", "bad", "4"]);
    await until(() => expect(seen()).toContain("4"));
    const [record] = await received("dead");
    expect(record).toMatchObject({
      requestContext: { condition: "RetryAttemptsExhausted", functionArn: functionArn("consumer") },
      KinesisBatchInfo: { batchSize: 1, streamArn, shardId: "shardId-000000000000" },
    });
    await put("5");
    await until(() => expect(seen()).toContain("5"));
    expect(batches.filter((batch) => batch.includes("1"))).toEqual([
      ["1", "2", "bad", "4"],
      ["1", "2"],
    ]);
  });

  test("gives up what is too old", async () => {
    answer = () => failed;
    await begin([kinesis], stream(1), mapping({ maximumRecordAgeInSeconds: 1, batchSize: 1 }));
    await put("1");
    await until(() => expect(cloud.lines.join("\n")).toContain("RecordAgeExceeded"));
    answer = () => well;
    await put("2");
    await until(() => expect(seen()).toContain("2"));
  });

  test("hands over only what a filter lets through, and does not wait for the rest", async () => {
    const filters = [{ pattern: JSON.stringify({ data: { kind: ["reading"] }, partitionKey: [{ prefix: "t" }] }) }];
    await begin([kinesis], stream(1), mapping({ filterCriteria: { filters } }));
    const reading = JSON.stringify({ kind: "reading" });
    await putAll([JSON.stringify({ kind: "other" }), "no json", reading], () => "t1");
    await put(reading, "other");
    await until(() => expect(batches).toEqual([[reading]]));
  });

  test("a restart delivers what was not taken, and nothing that was", async () => {
    const resources = [stream(1), mapping({ batchSize: 1 })];
    await begin([kinesis], ...resources);
    await putAll(["1", "2"]);
    await until(() => expect(seen()).toEqual(["1", "2"]));
    answer = () => new Promise(() => {});
    await put("3");
    await until(() => expect(seen()).toContain("3"));
    // Killed while the third is under way: the old consumer is left hanging and never heard of again.
    batches = [];
    answer = () => well;
    await restart(...resources);
    await put("4");
    await until(() => expect(seen()).toEqual(["3", "4"]));
    cloud.host.invoke = () => Promise.resolve(well);
  });

  test("LATEST begins with its deployment, also when it is killed before it took anything", async () => {
    const resources = [stream(1), mapping({ startingPosition: "LATEST" })];
    cloud = await startTestCloud([kinesis]);
    await cloud.apply(graphOf(stream(1)));
    await put("before");
    await sleep(1100);
    cloud.host.invoke = () => new Promise(() => {});
    await restart(...resources);
    await put("first");
    await sleep(300);
    cloud.host.invoke = async (_, event) => {
      batches.push(dataOf(event));
      return well;
    };
    await restart(...resources);
    await until(() => expect(seen()).toEqual(["first"]));
  });

  test("counts the attempts of the record that fails first, not of the batch that shrinks", async () => {
    answer = (_, event) =>
      event.Records.length === 1
        ? well
        : { payload: { batchItemFailures: [{ itemIdentifier: event.Records[1].kinesis.sequenceNumber }] } };
    const settings = { functionResponseTypes: ["ReportBatchItemFailures"], maximumRetryAttempts: 1 };
    await begin([kinesis], stream(1), mapping(settings));
    await putAll(["1", "2", "3", "4", "5"]);
    await until(() => expect(batches.at(-1)).toEqual(["5"]));
    expect(cloud.lines.join("\n")).not.toContain("RetryAttemptsExhausted");
  });

  test("reads the children of a split after their parent", async () => {
    cloud = await startTestCloud([kinesis]);
    await cloud.apply(graphOf(stream(1)));
    await putAll(["1", "2", "3"]);
    await cloud.host.call("kinesis", "SplitShard", {
      StreamName: "usage",
      ShardToSplit: "shardId-000000000000",
      NewStartingHashKey: (2n ** 127n).toString(),
    });
    await vi.waitFor(async () => {
      const { StreamDescription } = (await cloud.host.call("kinesis", "DescribeStream", {
        StreamName: "usage",
      })) as Json;
      expect(StreamDescription.Shards).toHaveLength(3);
      expect(StreamDescription.StreamStatus).toBe("ACTIVE");
    });
    await putAll(["4", "5", "6", "7"], (item) => item);
    cloud.host.invoke = async (_, event) => {
      await sleep(50);
      batches.push(dataOf(event));
      return well;
    };
    await restart(stream(1), mapping({ batchSize: 1 }));
    await until(() => expect(seen()).toHaveLength(7));
    expect(seen().slice(0, 3)).toEqual(["1", "2", "3"]);
  });

  test("a mapping that a redeployment turns off reads no more", async () => {
    await begin([kinesis], stream(1), mapping({}));
    await put("1");
    await until(() => expect(seen()).toEqual(["1"]));
    await sources.apply(graphOf(stream(1), mapping({ enabled: false })));
    await put("2");
    await sleep(500);
    expect(seen()).toEqual(["1"]);
    await sources.apply(graphOf(stream(1), mapping({})));
    await until(() => expect(seen()).toEqual(["1", "2"]));
  });
});

test("a DynamoDB mapping hands over changes, filtered by their images", async () => {
  let event: Json;
  answer = (_, given) => {
    event = given;
    return well;
  };
  const tableStream = `arn:aws:dynamodb:us-east-1:${account}:table/control/stream/2026-01-01T00:00:00.000`;
  const table: TestResource = {
    type: "aws:dynamodb/table:Table",
    name: "Control",
    inputs: {
      name: "control",
      hashKey: "pk",
      attributes: [{ name: "pk", type: "S" }],
      billingMode: "PAY_PER_REQUEST",
      streamEnabled: true,
      streamViewType: "NEW_AND_OLD_IMAGES",
    },
    outputs: { arn: `arn:aws:dynamodb:us-east-1:${account}:table/control`, streamArn: tableStream },
  };
  const filters = [{ pattern: JSON.stringify({ dynamodb: { NewImage: { entity: { S: ["event"] } } } }) }];
  await begin(
    [dynamodb],
    table,
    mapping({ eventSourceArn: tableStream, startingPosition: "LATEST", filterCriteria: { filters } }),
  );
  const item = (pk: string, entity: string) => ({ pk: { S: pk }, entity: { S: entity }, n: { N: "7" } });
  await cloud.host.call("dynamodb", "PutItem", { TableName: "control", Item: item("a", "tenant") });
  await cloud.host.call("dynamodb", "PutItem", { TableName: "control", Item: item("b", "event") });
  await until(() => expect(seen()).toEqual(["7"]));
  expect(event.Records[0]).toMatchObject({
    eventName: "INSERT",
    eventSource: "aws:dynamodb",
    eventVersion: "1.1",
    eventSourceARN: tableStream,
    dynamodb: { Keys: { pk: { S: "b" } }, NewImage: item("b", "event"), StreamViewType: "NEW_AND_OLD_IMAGES" },
  });
});

test("an SQS mapping takes messages off the queue when the function did, and leaves it those it reported", async () => {
  let refused = true;
  answer = (_, event) => {
    const bad = event.Records.find((record: Json) => record.body === "bad");
    if (!bad || !refused) return well;
    refused = false;
    return { payload: { batchItemFailures: [{ itemIdentifier: bad.messageId }] } };
  };
  const settings = { eventSourceArn: queueArn("jobs"), functionResponseTypes: ["ReportBatchItemFailures"] };
  await begin([storage], queue("jobs"), mapping(settings));
  const QueueUrl = `http://127.0.0.1/${account}/jobs`;
  for (const MessageBody of ["good", "bad"]) await cloud.host.call("sqs", "SendMessage", { QueueUrl, MessageBody });
  await until(() => expect(seen().filter((body) => body === "bad")).toHaveLength(2));
  expect(seen().filter((body) => body === "good")).toHaveLength(1);
});

test("a source that the embedded cloud lacks is refused by name", async () => {
  await begin([]);
  const broker = "arn:aws:mq:us-east-1:123456789012:broker:x";
  await expect(sources.apply(graphOf(mapping({ eventSourceArn: broker })))).rejects.toThrow(
    `no event source of mq: ${broker}`,
  );
  await expect(sources.apply(graphOf(mapping({ tumblingWindowInSeconds: 60 })))).rejects.toThrow(
    "tumblingWindowInSeconds",
  );
});
