import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type AttributeDefinition,
  CreateTableCommand,
  DynamoDBClient,
  type KeySchemaElement,
} from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { Documents } from "../dynamo.ts";

export type Engine = {
  readonly endpoint: string;
  readonly documents: Documents;
  readonly stop: () => Promise<void>;
};

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("No port was given.");
  return address.port;
};

/** The real engine of the embedded cloud, in memory, on a port of its own. */
export const startDynamo = async (): Promise<Engine> => {
  const home = dirname(createRequire(import.meta.url).resolve("@dynoxide/linux-x64/package.json"));
  const port = await freePort();
  const child = spawn(join(home, "dynoxide"), ["serve", "--port", String(port)], { stdio: "ignore" });
  const client = new DynamoDBClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  await answering(port, child);
  return {
    endpoint: `http://127.0.0.1:${port}`,
    documents: DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } }),
    stop: async () => {
      client.destroy();
      child.kill();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
};

const answering = async (port: number, child: ChildProcess): Promise<void> => {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`DynamoDB's engine ended with ${child.exitCode}.`);
    const up = await fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
    if (up) return;
    await sleep(25);
  }
  throw new Error("DynamoDB's engine does not answer.");
};

/** A table as the stacks declare the Control table: keys, and two indexes that project everything. */
export const createControlTable = async (documents: Documents, name: string): Promise<void> => {
  const attributes = ["pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk"];
  const schema = (hash: string, range: string): KeySchemaElement[] => [
    { AttributeName: hash, KeyType: "HASH" },
    { AttributeName: range, KeyType: "RANGE" },
  ];
  await documents.send(
    new CreateTableCommand({
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: attributes.map((AttributeName): AttributeDefinition => ({
        AttributeName,
        AttributeType: "S",
      })),
      KeySchema: schema("pk", "sk"),
      GlobalSecondaryIndexes: ["gsi1", "gsi2"].map((index) => ({
        IndexName: index,
        KeySchema: schema(`${index}pk`, `${index}sk`),
        Projection: { ProjectionType: "ALL" },
      })),
    }),
  );
};
