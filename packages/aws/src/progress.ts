import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { ProgressFeed } from "@tenantry/core/progress/ports";
import type { Written } from "@tenantry/core/progress/push";
import { feedLifeSeconds } from "@tenantry/core/progress/subscribe";
import type { TaskStatus, Versioned } from "@tenantry/core/progress/task-status";
import { type Entity, keys, partitions } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { operationFromItem, versionOf } from "./operation-item.ts";
import { readPage } from "./pages.ts";
import { queryAll } from "./query-all.ts";

type Item = Record<string, unknown>;

const versioned = (item: Item): Versioned => ({ operation: operationFromItem(item), version: versionOf(item) });

/** What stands for "all that have not ended": the newest of them, as a client that begins has no use for more. */
const mostUnfinished = 100;

/** The feed in the Control table: a partition for each organisation, an item for each write to an operation. */
export const dynamoProgressFeed = (documents: Documents, table: string): ProgressFeed => ({
  async append(orgIds, messages) {
    const [first] = messages;
    if (first === undefined) return;
    const item = {
      entity: "progress" satisfies Entity,
      expires_at: Math.floor(Date.parse(first.id.slice(0, 24)) / 1000) + feedLifeSeconds,
      messages,
    };
    const put = (orgId: string) =>
      documents.send(new PutCommand({ TableName: table, Item: { ...keys.progress(orgId, first.id), ...item } }));
    await Promise.all(orgIds.map(put));
  },

  async after(orgId, at, limit) {
    const { pk } = keys.progress(orgId, "");
    const items = await queryAll(
      documents,
      {
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: "pk = :pk AND sk > :at",
        ExpressionAttributeValues: { ":pk": pk, ":at": at },
        Limit: limit + 1,
      },
      limit + 1,
    );
    return items.length > limit ? null : items.flatMap((item) => item["messages"] as TaskStatus[]);
  },

  async get(operationId) {
    const { Item } = await documents.send(
      new GetCommand({ TableName: table, Key: keys.operation(operationId), ConsistentRead: true }),
    );
    return Item === undefined ? null : versioned(Item);
  },

  async unfinished(tenantId) {
    const open = (["pending", "running", "compensating"] as const).map(partitions.operationsIn);
    const { items } = await readPage(
      documents,
      table,
      tenantId === undefined ? open : [partitions.operationsOn(tenantId)],
      { limit: mostUnfinished, after: null },
      (item) => ({ id: String(item["id"]), ...versioned(item) }),
    );
    return items.filter(({ operation }) => operation.ended_at === null).toReversed();
  },
});

/** The write that a record of the Control table's stream tells of; undefined where it is none to an operation. */
export const writtenIn = (images: {
  readonly OldImage?: object | undefined;
  readonly NewImage?: object | undefined;
}): Written | undefined => {
  const item = (image: object | undefined): Item | undefined =>
    image && unmarshall(image as Record<string, AttributeValue>);
  const [before, after] = [item(images.OldImage), item(images.NewImage)];
  if (after?.["entity"] !== ("operation" satisfies Entity)) return undefined;
  return { before: before === undefined ? null : operationFromItem(before), after: versioned(after) };
};
