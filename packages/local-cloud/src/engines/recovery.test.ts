import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graphOf } from "../gateway/testing.ts";

const graph = graphOf(
  {
    type: "aws:dynamodb/table:Table",
    name: "Notes",
    inputs: { hashKey: "pk", attributes: [{ name: "pk", type: "S" }], name: "Notes" },
  },
  { type: "aws:kinesis/stream:Stream", name: "usage", inputs: { name: "usage", shardCount: 1 } },
  { type: "aws:s3/bucket:Bucket", name: "bucket", inputs: {}, outputs: { bucket: "bucket" } },
  {
    type: "aws:rds/cluster:Cluster",
    name: "Database",
    inputs: { masterUsername: "postgres", masterPassword: "secret", databaseName: "tenantry" },
  },
);

/** Every engine in a process of its own, which can be killed. */
const program = (data: string): string => `
import { startTestCloud } from ${JSON.stringify(new URL("../gateway/testing.ts", import.meta.url).href)};
import { dynamodb } from ${JSON.stringify(new URL("./dynamodb.ts", import.meta.url).href)};
import { kinesis } from ${JSON.stringify(new URL("./kinesis.ts", import.meta.url).href)};
import { postgres } from ${JSON.stringify(new URL("./postgres.ts", import.meta.url).href)};
import { storage } from ${JSON.stringify(new URL("./storage.ts", import.meta.url).href)};
const cloud = await startTestCloud([dynamodb, kinesis, storage, postgres], ${JSON.stringify(data)});
await cloud.apply(${JSON.stringify(graph)});
console.log(JSON.stringify({ endpoint: cloud.gateway.endpoint, postgres: cloud.host.postgres }));
process.on("SIGTERM", () => cloud.close({ keep: true }).then(() => process.exit(0)));
`;

type Ready = { readonly endpoint: string; readonly postgres: { readonly host: string; readonly port: number } };

describe("all engines, killed at once", () => {
  let data: string;
  let child: ChildProcess;
  let ready: Ready;

  const start = async (): Promise<void> => {
    child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program(data)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [text] = (await once(child.stdout ?? child, "data")) as [Buffer];
    ready = JSON.parse(text.toString()) as Ready;
  };
  const options = () => ({
    endpoint: ready.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const sql = async (text: string): Promise<unknown[]> => {
    const ca = await readFile(path.join(data, "ca.pem"), "utf8");
    const client = new Client({
      ...ready.postgres,
      user: "postgres",
      password: "secret",
      database: "tenantry",
      ssl: { ca },
    });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };

  beforeAll(async () => {
    data = await mkdtemp(path.join(tmpdir(), "tenantry-recovery-"));
    await start();
  }, 60_000);
  afterAll(async () => {
    child.kill("SIGTERM");
    await once(child, "exit");
    await rm(data, { recursive: true, force: true });
  });

  test("what was acknowledged before kill -9 is there after the next start", async () => {
    await new DynamoDBClient(options()).send(new PutItemCommand({ TableName: "Notes", Item: { pk: { S: "a" } } }));
    const record = { StreamName: "usage", PartitionKey: "a", Data: Buffer.from("event") };
    const kinesis = new KinesisClient(options());
    await kinesis.send(new PutRecordCommand(record));
    await new S3Client(options()).send(new PutObjectCommand({ Bucket: "bucket", Key: "a", Body: "object" }));
    await sql("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)");
    const server = Number((await readFile(path.join(data, "postgres/data/postmaster.pid"), "utf8")).split("\n")[0]);

    child.kill("SIGKILL");
    process.kill(server, "SIGKILL");
    await once(child, "exit");
    kinesis.destroy();
    await start();

    const { Item: item } = await new DynamoDBClient(options()).send(
      new GetItemCommand({ TableName: "Notes", Key: { pk: { S: "a" } } }),
    );
    expect(item).toEqual({ pk: { S: "a" } });
    const again = new KinesisClient(options());
    const from = { StreamName: "usage", ShardId: "shardId-000000000000", ShardIteratorType: "TRIM_HORIZON" as const };
    const { ShardIterator } = await again.send(new GetShardIteratorCommand(from));
    const { Records = [] } = await again.send(new GetRecordsCommand({ ShardIterator }));
    expect(Records.map((one) => Buffer.from(one.Data ?? []).toString())).toEqual(["event"]);
    again.destroy();
    const object = await new S3Client(options()).send(new GetObjectCommand({ Bucket: "bucket", Key: "a" }));
    expect(await object.Body?.transformToString()).toBe("object");
    expect(await sql("SELECT n FROM kept")).toEqual([{ n: 1 }]);
  }, 60_000);
});
