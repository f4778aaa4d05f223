import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  type ConsumedCapacity,
  DynamoDBClient,
  PutItemCommand,
  QueryCommand,
} from "@aws-sdk/client-dynamodb";
import type { ChunkKey, Head } from "@tenantry/core/usage/pages";
import type { UsageChunks } from "@tenantry/core/usage/ports";
import { fromItem, type Item, toItem } from "./usage-item.ts";
import { headKey, pageKey, pagesExpireAt, pagesPartition } from "./usage-table.ts";

/** Is told what each request took, for benchmarks. */
export type OnCapacity = (kind: "read" | "write", units: number) => void;

/** What DynamoDB takes in one BatchGetItem. */
const batchSize = 100;

/** The chunks in the Usage table. */
export const dynamoUsageChunks = (
  table: string,
  dynamo: DynamoDBClient = new DynamoDBClient({}),
  onCapacity?: OnCapacity,
): UsageChunks => {
  const capacity = onCapacity === undefined ? {} : ({ ReturnConsumedCapacity: "TOTAL" } as const);
  const spent = (kind: "read" | "write", consumed: ConsumedCapacity | undefined) =>
    onCapacity?.(kind, consumed?.CapacityUnits ?? 0);

  const batchGet = async (keys: readonly ChunkKey[]): Promise<Map<string, Head>> => {
    const found = new Map<string, Head>();
    let wanted = keys.map((key) => marshalled(headKey(key)));
    for (let round = 0; wanted.length > 0; round++) {
      if (round > 0) await pause(round);
      const output = await dynamo.send(
        new BatchGetItemCommand({ RequestItems: { [table]: { Keys: wanted } }, ...capacity }),
      );
      spent("read", output.ConsumedCapacity?.[0]);
      for (const item of output.Responses?.[table] ?? []) found.set(nameOf(item), fromItem(item));
      wanted = output.UnprocessedKeys?.[table]?.Keys ?? [];
      if (round === 8 && wanted.length > 0) throw new Error("DynamoDB left keys unread in eight rounds.");
    }
    return found;
  };

  return {
    async heads(keys) {
      const batches = Array.from({ length: Math.ceil(keys.length / batchSize) }, (_, index) =>
        batchGet(keys.slice(index * batchSize, (index + 1) * batchSize)),
      );
      const found = new Map((await Promise.all(batches)).flatMap((batch) => [...batch]));
      return keys.map((key) => found.get(nameOf(marshalled(headKey(key)))) ?? null);
    },

    async sealed(key, from, to) {
      const pages: Uint8Array[] = [];
      let start: Item | undefined;
      do {
        const output = await dynamo.send(
          new QueryCommand({
            TableName: table,
            // A page is sealed before the head moves on, so the head's reader must not miss it.
            ConsistentRead: true,
            KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
            ExpressionAttributeValues: {
              ":pk": { S: pagesPartition(key) },
              ":from": { S: pageKey(from) },
              ":to": { S: pageKey(to - 1) },
            },
            ProjectionExpression: "ids",
            ExclusiveStartKey: start,
            ...capacity,
          }),
        );
        spent("read", output.ConsumedCapacity);
        for (const item of output.Items ?? []) if (item["ids"]?.B !== undefined) pages.push(item["ids"].B);
        start = output.LastEvaluatedKey;
      } while (start !== undefined);
      return pages;
    },

    async seal(key, page, ids) {
      const output = await dynamo.send(
        new PutItemCommand({
          TableName: table,
          Item: {
            pk: { S: pagesPartition(key) },
            sk: { S: pageKey(page) },
            ids: { B: ids },
            expires_at: { N: String(pagesExpireAt(key)) },
          },
          ...capacity,
        }),
      );
      spent("write", output.ConsumedCapacity);
    },

    async save(key, head) {
      const isNew = head.version === 1;
      const item = toItem(key, head);
      try {
        const output = await dynamo.send(
          new PutItemCommand({
            TableName: table,
            Item: item,
            ConditionExpression: isNew ? "attribute_not_exists(pk)" : "version = :before",
            ...(isNew ? {} : { ExpressionAttributeValues: { ":before": { N: String(head.version - 1) } } }),
            ReturnValuesOnConditionCheckFailure: "ALL_OLD",
            ...capacity,
          }),
        );
        spent("write", output.ConsumedCapacity);
        return { saved: true };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return { saved: false, current: error.Item === undefined ? null : fromItem(error.Item) };
      }
    },
  };
};

const marshalled = (key: { readonly pk: string; readonly sk: string }): Item => ({
  pk: { S: key.pk },
  sk: { S: key.sk },
});

const nameOf = (item: Item) => `${item["pk"]?.S} ${item["sk"]?.S}`;

const pause = (round: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, Math.random() * 25 * 2 ** round);
  });
