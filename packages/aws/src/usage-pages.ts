import {
  BatchGetItemCommand,
  ConditionalCheckFailedException,
  type ConsumedCapacity,
  DynamoDBClient,
  PutItemCommand,
  type Put,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import type { ChunkKey, Head } from "@tenantry/core/usage/pages";
import type { Period } from "@tenantry/core/usage/period";
import type { UsageChunks } from "@tenantry/core/usage/ports";
import { fromItem, type Item, marshalled, toItem } from "./usage-item.ts";
import { type OnCapacity, queryRange } from "./usage-range.ts";
import { headKey, pageKey, pagesExpireAt, pagesPartition, periodKey, periodsPartition } from "./usage-table.ts";

/** Transactions in a row that others may cancel. */
const conflicts = 8;

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

  const batchGet = async (keys: readonly ChunkKey[], latest: boolean): Promise<Map<string, Head>> => {
    const found = new Map<string, Head>();
    let wanted = keys.map((key) => marshalled(headKey(key)));
    for (let round = 0; wanted.length > 0; round++) {
      if (round > 0) await pause(round);
      const output = await dynamo.send(
        new BatchGetItemCommand({ RequestItems: { [table]: { Keys: wanted, ConsistentRead: latest } }, ...capacity }),
      );
      spent("read", output.ConsumedCapacity?.[0]);
      for (const item of output.Responses?.[table] ?? []) found.set(nameOf(item), fromItem(item));
      wanted = output.UnprocessedKeys?.[table]?.Keys ?? [];
      if (round === 8 && wanted.length > 0) throw new Error("DynamoDB left keys unread in eight rounds.");
    }
    return found;
  };

  /** Writes a head of a period that is over, and that its roll-ups are out of date: both or neither. */
  const saveMarked = async (tenantId: string, put: Put, closed: readonly Period[]) => {
    const marks = closed.map(({ kind, from }) => ({
      Update: {
        TableName: table,
        Key: marshalled({ pk: periodsPartition(tenantId), sk: periodKey(kind, from) }),
        UpdateExpression: "ADD marks :one SET late = :late",
        ExpressionAttributeValues: { ":one": { N: "1" }, ":late": { BOOL: true } },
      },
    }));
    for (let round = 1; ; round++) {
      try {
        const output = await dynamo.send(
          new TransactWriteItemsCommand({ TransactItems: [{ Put: put }, ...marks], ...capacity }),
        );
        spent("write", output.ConsumedCapacity?.[0]);
        return { saved: true } as const;
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error;
        const [reason] = error.CancellationReasons ?? [];
        if (reason?.Code === "ConditionalCheckFailed")
          return { saved: false, current: reason.Item === undefined ? null : fromItem(reason.Item) } as const;
        // Other late hours of this tenant were being written: no decision, so it is tried again.
        if (round === conflicts || !error.CancellationReasons?.some(({ Code }) => Code === "TransactionConflict"))
          throw error;
        await pause(round);
      }
    }
  };

  return {
    async heads(keys, latest = false) {
      const batches = Array.from({ length: Math.ceil(keys.length / batchSize) }, (_, index) =>
        batchGet(keys.slice(index * batchSize, (index + 1) * batchSize), latest),
      );
      const found = new Map((await Promise.all(batches)).flatMap((batch) => [...batch]));
      return keys.map((key) => found.get(nameOf(marshalled(headKey(key)))) ?? null);
    },

    sealed: (key, from, to) => sealedPages(table, dynamo, key, from, to, onCapacity),

    async seal(key, page, ids) {
      const output = await dynamo.send(
        new PutItemCommand({
          TableName: table,
          Item: {
            pk: { S: pagesPartition(key) },
            sk: { S: pageKey(page) },
            ids: { B: ids },
            // Users of an hour are wanted as long as somebody may ask for those of a stretch that has no roll-up.
            ...(key.series === undefined ? { expires_at: { N: String(pagesExpireAt(key)) } } : {}),
          },
          ...capacity,
        }),
      );
      spent("write", output.ConsumedCapacity);
    },

    async save(key, head, closed) {
      const isNew = head.version === 1;
      const put = {
        TableName: table,
        Item: toItem(key, head),
        ConditionExpression: isNew ? "attribute_not_exists(pk)" : "version = :before",
        ...(isNew ? {} : { ExpressionAttributeValues: { ":before": { N: String(head.version - 1) } } }),
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      } as const;
      if (closed.length > 0) return saveMarked(key.tenantId, put, closed);
      try {
        const output = await dynamo.send(new PutItemCommand({ ...put, ...capacity }));
        spent("write", output.ConsumedCapacity);
        return { saved: true };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        return { saved: false, current: error.Item === undefined ? null : fromItem(error.Item) };
      }
    },
  };
};

/** The ids of a chunk's sealed pages, in order. */
export const sealedPages = async (
  table: string,
  dynamo: DynamoDBClient,
  key: ChunkKey,
  from: number,
  to: number,
  onCapacity?: OnCapacity,
): Promise<Uint8Array[]> => {
  // A page is sealed before the head moves on, so the head's reader must not miss it.
  const range = { pk: pagesPartition(key), from: pageKey(from), to: pageKey(to - 1) };
  const items = await queryRange(dynamo, table, range, { projection: "ids", onCapacity });
  return items.flatMap(({ ids }) => ids?.B ?? []);
};

const nameOf = (item: Item) => `${item["pk"]?.S} ${item["sk"]?.S}`;

const pause = (round: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, Math.random() * 25 * 2 ** round);
  });
