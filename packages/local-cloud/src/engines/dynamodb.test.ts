import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import {
  BatchWriteItemCommand,
  CreateBackupCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Graph } from "../deploy/graph.ts";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "../gateway/testing.ts";
import { operatorCall } from "../gateway/operator.ts";
import { dynamodb } from "./dynamodb.ts";
import { sweepExpired } from "./dynamodb/expiry.ts";

const arn = "arn:aws:dynamodb:us-east-1:123456789012:table/Notes";
const streamArn = `${arn}/stream/2026-01-01T00:00:00.000`;

const notes = (indexes: readonly string[]) => ({
  type: "aws:dynamodb/table:Table",
  name: "Notes",
  inputs: {
    hashKey: "pk",
    rangeKey: "sk",
    billingMode: "PAY_PER_REQUEST",
    attributes: ["pk", "sk", ...indexes].map((name) => ({ name, type: "S" })),
    globalSecondaryIndexes: indexes.map((name) => ({ name: `by-${name}`, hashKey: name, projectionType: "ALL" })),
    streamEnabled: true,
    streamViewType: "NEW_AND_OLD_IMAGES",
    ttl: { attributeName: "expires_at", enabled: true },
  },
  outputs: { name: "Notes", arn, streamArn },
});

const graph = (indexes: readonly string[]): Graph =>
  graphOf(
    notes(indexes),
    roleOf("reader", [{ Effect: "Allow", Action: ["dynamodb:GetItem"], Resource: arn }]),
    roleOf("writer", [{ Effect: "Allow", Action: ["dynamodb:PutItem", "dynamodb:BatchWriteItem"], Resource: arn }]),
    roleOf("index", [{ Effect: "Allow", Action: "dynamodb:Query", Resource: `${arn}/index/*` }]),
    roleOf("tenant", [
      {
        Effect: "Allow",
        Action: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
        Resource: arn,
        Condition: { "ForAllValues:StringEquals": { "dynamodb:LeadingKeys": ["mine"] } },
      },
    ]),
  );

// oxlint-disable-next-line typescript/no-explicit-any -- the wire's own shapes
type Json = any;

const item = (pk: string, sk: string, rest = {}) => ({ pk: { S: pk }, sk: { S: sk }, ...rest });

describe("DynamoDB", () => {
  let cloud: TestCloud;
  let operator: DynamoDBClient;
  const as = (role: string): DynamoDBClient => new DynamoDBClient(cloud.client(role));

  beforeAll(async () => {
    cloud = await startTestCloud([dynamodb]);
    await cloud.apply(graph(["kind"]));
    operator = new DynamoDBClient(cloud.client());
  });
  afterAll(() => cloud.close());

  test("the graph's table has its ARN, indexes, stream and expiry", async () => {
    const { Table: table } = await operator.send(new DescribeTableCommand({ TableName: "Notes" }));
    expect(table).toMatchObject({ TableArn: arn, LatestStreamArn: streamArn, TableStatus: "ACTIVE" });
    expect(table?.GlobalSecondaryIndexes?.map((index) => index.IndexArn)).toEqual([`${arn}/index/by-kind`]);
    const { TimeToLiveDescription: ttl } = await operator.send(new DescribeTimeToLiveCommand({ TableName: "Notes" }));
    expect(ttl).toMatchObject({ TimeToLiveStatus: "ENABLED", AttributeName: "expires_at" });
  });

  test("a redeployment adds an index to a table that has items", async () => {
    await operator.send(new PutItemCommand({ TableName: "Notes", Item: item("a", "1", { colour: { S: "red" } }) }));
    await cloud.apply(graph(["kind", "colour"]));
    const query = new QueryCommand({
      TableName: arn,
      IndexName: "by-colour",
      KeyConditionExpression: "colour = :c",
      ExpressionAttributeValues: { ":c": { S: "red" } },
    });
    await expect(operator.send(query)).resolves.toMatchObject({ Count: 1 });
  });

  test("a transaction whose condition fails writes nothing and says which condition", async () => {
    const put = { TableName: "Notes", Item: item("t", "1"), ConditionExpression: "attribute_not_exists(pk)" };
    const write = new TransactWriteItemsCommand({
      TransactItems: [{ Put: put }, { Put: { ...put, Item: item("t", "2") } }],
    });
    await operator.send(write);
    const other = { ...put, Item: item("t", "3") };
    const again = new TransactWriteItemsCommand({ TransactItems: [{ Put: other }, { Put: put }] });
    await expect(operator.send(again)).rejects.toMatchObject({
      name: "TransactionCanceledException",
      CancellationReasons: [{ Code: "None" }, { Code: "ConditionalCheckFailed" }],
    });
    const { Item: third } = await operator.send(new GetItemCommand({ TableName: "Notes", Key: item("t", "3") }));
    expect(third).toBeUndefined();
  });

  test("the stream is read by the deployment's own ARN, in order, with both images", async () => {
    const call = (action: string, input: unknown) => cloud.host.call("dynamodb", action, input) as Promise<Json>;
    await operator.send(new PutItemCommand({ TableName: "Notes", Item: item("s", "1") }));
    await operator.send(
      new UpdateItemCommand({
        TableName: "Notes",
        Key: item("s", "1"),
        UpdateExpression: "SET v = :v",
        ExpressionAttributeValues: { ":v": { N: "2" } },
      }),
    );
    const { StreamDescription: stream } = await call("DescribeStream", { StreamArn: streamArn });
    expect(stream.StreamArn).toBe(streamArn);
    expect(stream.Shards[0].SequenceNumberRange.EndingSequenceNumber).toBeUndefined();
    const ShardId = stream.Shards[0].ShardId;
    const from = { StreamArn: streamArn, ShardId, ShardIteratorType: "TRIM_HORIZON" };
    const { ShardIterator } = await call("GetShardIterator", from);
    const page = await call("GetRecords", { ShardIterator });
    const mine = page.Records.filter((record: Json) => record.dynamodb.Keys.pk.S === "s");
    expect(mine.map((record: Json) => record.eventName)).toEqual(["INSERT", "MODIFY"]);
    expect(mine[1].dynamodb.OldImage.v).toBeUndefined();
    expect(mine[1].dynamodb.NewImage.v).toEqual({ N: "2" });
    expect(mine[0].awsRegion).toBe("us-east-1");
    const next = await call("GetRecords", { ShardIterator: page.NextShardIterator });
    expect(next.Records).toEqual([]);
  });

  test("a write and a read of the stream cost the same however many changes there were", () => {
    const database = new DatabaseSync(path.join(cloud.host.data, "dynamodb/tables.sqlite"), { readOnly: true });
    const planOf = (query: string): string =>
      String(database.prepare(`EXPLAIN QUERY PLAN ${query}`).all()[0]?.["detail"]);
    const number = "CAST(sequence_number AS INTEGER)";
    // The engine's own statements.
    expect(planOf(`SELECT COALESCE(MAX(${number}), 0) + 1 FROM _stream_records WHERE table_name = 'Notes'`)).toMatch(
      /^SEARCH .* USING (?:COVERING )?INDEX _stream_records_last/,
    );
    const after = `SELECT * FROM _stream_records WHERE table_name = 'Notes' AND shard_id = 's' AND ${number} > 5`;
    expect(planOf(`${after} ORDER BY ${number} ASC LIMIT 9`)).toMatch(
      /^SEARCH .* USING (?:COVERING )?INDEX _stream_records_after/,
    );
    database.close();
  });

  test("expired items go, others and those with a time of another kind stay", async () => {
    const now = Math.floor(Date.now() / 1000);
    const dated = (sk: string, expires: object) => ({ PutRequest: { Item: item("ttl", sk, { expires_at: expires }) } });
    await operator.send(
      new BatchWriteItemCommand({
        RequestItems: {
          Notes: [
            dated("past", { N: String(now - 10) }),
            dated("future", { N: String(now + 1000) }),
            dated("text", { S: String(now - 10) }),
            dated("ancient", { N: "5" }),
          ] as never,
        },
      }),
    );
    const call = (action: string, input: object) => cloud.host.call("dynamodb", action, input) as Promise<Json>;
    expect(await sweepExpired(call)).toBe(1);
    const left = await operator.send(
      new QueryCommand({
        TableName: "Notes",
        KeyConditionExpression: "pk = :p",
        ExpressionAttributeValues: { ":p": { S: "ttl" } },
      }),
    );
    expect(left.Items?.map((one) => one["sk"]?.S)).toEqual(["ancient", "future", "text"]);
  });

  test("a role may do what its policy says", async () => {
    const get = new GetItemCommand({ TableName: "Notes", Key: item("a", "1") });
    await expect(as("reader").send(get)).resolves.toMatchObject({ Item: { colour: { S: "red" } } });
    const put = new PutItemCommand({ TableName: "Notes", Item: item("w", "1") });
    await expect(as("writer").send(put)).resolves.toBeDefined();
  });

  test("a role may do nothing else, and hears it in AWS's words", async () => {
    const put = new PutItemCommand({ TableName: "Notes", Item: item("a", "2") });
    const sentence = `User: arn:aws:sts::123456789012:assumed-role/reader/worker is not authorized to perform: dynamodb:PutItem on resource: ${arn} because no identity-based policy allows the dynamodb:PutItem action`;
    await expect(as("reader").send(put)).rejects.toMatchObject({ name: "AccessDeniedException", message: sentence });
    expect(cloud.lines).toContain(`iam: ${sentence}`);
    const { Item: written } = await operator.send(new GetItemCommand({ TableName: "Notes", Key: item("a", "2") }));
    expect(written).toBeUndefined();
  });

  test.for([
    [
      "an update in a transaction",
      { Update: { TableName: "Notes", Key: item("w", "1"), UpdateExpression: "REMOVE x" } },
    ],
    [
      "a check in a transaction",
      { ConditionCheck: { TableName: "Notes", Key: item("w", "1"), ConditionExpression: "attribute_exists(pk)" } },
    ],
  ] as const)("each action in a transaction needs its own permission: %s", async ([, other]) => {
    const write = new TransactWriteItemsCommand({
      TransactItems: [{ Put: { TableName: "Notes", Item: item("w", "2") } }, other],
    });
    await expect(as("writer").send(write)).rejects.toMatchObject({ name: "AccessDeniedException" });
  });

  test("an index is a resource of its own", async () => {
    const values = { ":c": { S: "red" } };
    const query = { TableName: "Notes", KeyConditionExpression: "colour = :c", ExpressionAttributeValues: values };
    await expect(as("index").send(new QueryCommand({ ...query, IndexName: "by-colour" }))).resolves.toBeDefined();
    await expect(as("index").send(new QueryCommand(query))).rejects.toMatchObject({ name: "AccessDeniedException" });
  });

  test("leading keys confine a role to its own partition", async () => {
    const tenant = as("tenant");
    await expect(
      tenant.send(new PutItemCommand({ TableName: "Notes", Item: item("mine", "1") })),
    ).resolves.toBeDefined();
    await expect(
      tenant.send(new PutItemCommand({ TableName: "Notes", Item: item("yours", "1") })),
    ).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
    const query = (pk: string) =>
      new QueryCommand({
        TableName: "Notes",
        KeyConditionExpression: "#p = :p AND begins_with(sk, :s)",
        ExpressionAttributeNames: { "#p": "pk" },
        ExpressionAttributeValues: { ":p": { S: pk }, ":s": { S: "" } },
      });
    await expect(tenant.send(query("mine"))).resolves.toMatchObject({ Count: 1 });
    await expect(tenant.send(query("yours"))).rejects.toMatchObject({ name: "AccessDeniedException" });
  });

  test("an action that is not there is refused by name", async () => {
    const backup = new CreateBackupCommand({ TableName: "Notes", BackupName: "b" });
    await expect(operator.send(backup)).rejects.toMatchObject({
      $metadata: { httpStatusCode: 501 },
      message: "The embedded cloud has no dynamodb:CreateBackup.",
    });
  });

  test("items survive a restart", async () => {
    const { host } = cloud;
    await cloud.close({ keep: true });
    cloud = await startTestCloud([dynamodb], host.data);
    await cloud.apply(graph(["kind", "colour"]));
    operator = new DynamoDBClient(cloud.client());
    await expect(operator.send(new ListTablesCommand({}))).resolves.toMatchObject({ TableNames: ["Notes"] });
    const { Item: kept } = await operator.send(new GetItemCommand({ TableName: "Notes", Key: item("a", "1") }));
    expect(kept).toBeDefined();
  });

  test("a call of a service that is not there names it", async () => {
    await expect(
      operatorCall(undefined, { name: "kms", action: "Encrypt", input: {}, region: "us-east-1", account: "1" }),
    ).rejects.toMatchObject({ status: 501, message: "The embedded cloud has no kms:Encrypt." });
  });
});
