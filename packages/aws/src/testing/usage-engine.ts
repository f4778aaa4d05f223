import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { IncomingRecord } from "@tenantry/core/usage/ports";
import { startDynamo } from "./dynamo-engine.ts";

export type UsageEngine = {
  readonly endpoint: string;
  readonly dynamo: DynamoDBClient;
  /** A new table as the stacks declare the Usage table. */
  readonly table: () => Promise<string>;
  readonly stop: () => Promise<void>;
};

/** The real DynamoDB engine, for usage. */
export const startUsageEngine = async (): Promise<UsageEngine> => {
  const engine = await startDynamo();
  const dynamo = new DynamoDBClient({
    endpoint: engine.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  let tables = 0;
  return {
    endpoint: engine.endpoint,
    dynamo,
    table: async () => {
      const name = `usage-${++tables}`;
      await dynamo.send(
        new CreateTableCommand({
          TableName: name,
          BillingMode: "PAY_PER_REQUEST",
          AttributeDefinitions: ["pk", "sk"].map((AttributeName) => ({ AttributeName, AttributeType: "S" as const })),
          KeySchema: [
            { AttributeName: "pk", KeyType: "HASH" },
            { AttributeName: "sk", KeyType: "RANGE" },
          ],
        }),
      );
      return name;
    },
    stop: async () => {
      dynamo.destroy();
      await engine.stop();
    },
  };
};

/** A record as the stream gives it. Sequence numbers have Kinesis's length; a batch is in their order. */
export const recordOf = (
  content: object | string,
  place: { readonly sequence: number; readonly shard?: number; readonly arrivedAt: number },
): IncomingRecord => {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  const shard = `shardId-${String(place.shard ?? 0).padStart(12, "0")}`;
  return {
    position: `${shard}:${49_590_338_271_490_256_608_559_692_538_361_571_095_921_575_989_136_588_898n + BigInt(place.sequence)}`,
    partitionKey: "key",
    arrivedAt: place.arrivedAt,
    data: Buffer.from(text).toString("base64"),
    text,
  };
};
