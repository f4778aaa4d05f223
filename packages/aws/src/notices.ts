import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import type { Notices } from "@tenantry/core/provisioning/ports";
import { type Entity, keys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { unlessRefused } from "./webhooks.ts";

/** Longer than any execution, and any retry of it, goes on. */
const lifeSeconds = 90 * 24 * 3600;

/** What owners have been told of, in the Control table. */
export const dynamoNotices = (documents: Documents, table: string): Notices => ({
  async given(operationId) {
    const key = { TableName: table, Key: keys.notice(operationId), ConsistentRead: true };
    return (await documents.send(new GetCommand(key))).Item !== undefined;
  },

  async give(operationId, at) {
    const item = {
      ...keys.notice(operationId),
      entity: "notice" satisfies Entity,
      notified_at: at,
      expires_at: Math.floor(Date.parse(at) / 1000) + lifeSeconds,
    };
    const put = new PutCommand({ TableName: table, Item: item, ConditionExpression: "attribute_not_exists(pk)" });
    await unlessRefused(documents.send(put));
  },
});
