import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { Webhook } from "@tenantry/core/webhook/webhook";
import type { Webhooks } from "@tenantry/core/webhook/ports";
import { commitWrites } from "./commit.ts";
import { type Entity, keys, listedIn, partitions, withoutKeys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { readPage } from "./pages.ts";
import { transact } from "./transact.ts";

const webhookFromItem = (item: Record<string, unknown>): Webhook =>
  Webhook.parse({ failing_since: null, ...withoutKeys(item) });

const webhookToItem = ({ failing_since, ...webhook }: Webhook) => ({
  ...keys.webhook(webhook.id),
  ...listedIn(partitions.webhooks, webhook.id),
  entity: "webhook" satisfies Entity,
  ...webhook,
  // Absent rather than null, so that it can be set once.
  ...(failing_since === null ? {} : { failing_since }),
});

/** Webhooks in the Control table. */
export const dynamoWebhooks = (documents: Documents, table: string): Webhooks => {
  const read = async (id: string): Promise<Webhook | null> => {
    const { Item } = await documents.send(
      new GetCommand({ TableName: table, Key: keys.webhook(id), ConsistentRead: true }),
    );
    return Item === undefined ? null : webhookFromItem(Item);
  };

  return {
    async create(webhook, commit) {
      const put = { TableName: table, Item: webhookToItem(webhook), ConditionExpression: "attribute_not_exists(pk)" };
      const failed = await transact(documents, [{ Put: put }, ...commitWrites(table, commit)]);
      if (failed.length > 0) throw new Error(`The webhook ${webhook.id} met an item that was there before.`);
    },

    get: read,

    list: (page) => readPage(documents, table, [partitions.webhooks], page, webhookFromItem),

    async remove(id, commit) {
      const there = { Key: keys.webhook(id), ConditionExpression: "attribute_exists(pk)" };
      const failed = await transact(documents, [
        { Delete: { TableName: table, ...there } },
        ...commitWrites(table, commit),
      ]);
      return failed.length === 0;
    },

    async noteSuccess(id) {
      await unlessRefused(
        documents.send(
          new UpdateCommand({
            TableName: table,
            Key: keys.webhook(id),
            UpdateExpression: "REMOVE failing_since",
            ConditionExpression: "attribute_exists(failing_since)",
          }),
        ),
      );
    },

    async noteFailure(id, at) {
      const updated = await unlessRefused(
        documents.send(
          new UpdateCommand({
            TableName: table,
            Key: keys.webhook(id),
            UpdateExpression: "SET failing_since = if_not_exists(failing_since, :at)",
            ConditionExpression: "attribute_exists(pk)",
            ExpressionAttributeValues: { ":at": at },
            ReturnValues: "ALL_NEW",
          }),
        ),
      );
      return updated === null ? null : String(updated.Attributes?.["failing_since"]);
    },

    async enable(id, at, commit) {
      const failed = await transact(documents, [
        {
          Update: {
            TableName: table,
            Key: keys.webhook(id),
            UpdateExpression: "SET #status = :enabled, disabled_reason = :none, updated_at = :at REMOVE failing_since",
            ConditionExpression: "#status = :disabled",
            ExpressionAttributeNames: { "#status": "status" },
            ExpressionAttributeValues: { ":disabled": "disabled", ":enabled": "enabled", ":none": null, ":at": at },
          },
        },
        ...commitWrites(table, commit),
      ]);
      return failed.length === 0 ? read(id) : null;
    },

    async note(id, at, commit) {
      const failed = await transact(documents, [
        {
          Update: {
            TableName: table,
            Key: keys.webhook(id),
            UpdateExpression: "SET updated_at = :at",
            ConditionExpression: "attribute_exists(pk)",
            ExpressionAttributeValues: { ":at": at },
          },
        },
        ...commitWrites(table, commit),
      ]);
      return failed.length === 0;
    },

    async disable(id, reason, at, commit) {
      const failed = await transact(documents, [
        {
          Update: {
            TableName: table,
            Key: keys.webhook(id),
            UpdateExpression: "SET #status = :disabled, disabled_reason = :reason, updated_at = :at",
            ConditionExpression: "#status = :enabled",
            ExpressionAttributeNames: { "#status": "status" },
            ExpressionAttributeValues: {
              ":disabled": "disabled",
              ":enabled": "enabled",
              ":reason": reason,
              ":at": at,
            },
          },
        },
        ...commitWrites(table, commit),
      ]);
      return failed.length === 0;
    },
  };
};

/** The answer, or null if the write's condition did not hold. */
export const unlessRefused = async <T>(answer: Promise<T>): Promise<T | null> => {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return null;
    throw error;
  }
};
