import { DeleteCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import type { Subscribers, Subscription } from "@tenantry/core/progress/ports";
import { type Entity, keys, listedIn, partitions } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { queryAll } from "./query-all.ts";

/** Subscriptions in the Control table; they end with their connection, by TTL at the latest. */
export const dynamoSubscribers = (documents: Documents, table: string): Subscribers => ({
  async add({ orgId, operationId, connectionId, expiresAt }) {
    await documents.send(
      new PutCommand({
        TableName: table,
        Item: {
          ...keys.subscriber(orgId, connectionId, operationId ?? ""),
          ...listedIn(partitions.subscriptionsOf(connectionId), operationId ?? "all"),
          entity: "subscriber" satisfies Entity,
          connection_id: connectionId,
          operation_id: operationId,
          expires_at: expiresAt,
        },
      }),
    );
  },

  async of(orgIds) {
    const found = await Promise.all(
      orgIds.map(async (orgId) => {
        const items = await queryAll(documents, {
          TableName: table,
          ConsistentRead: true,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": keys.subscriber(orgId, "", "").pk },
        });
        return items.map((item): Subscription => ({
          orgId,
          connectionId: String(item["connection_id"]),
          operationId: item["operation_id"] as string | null,
          expiresAt: Number(item["expires_at"]),
        }));
      }),
    );
    return found.flat();
  },

  async remove(connectionId) {
    const { index, value } = partitions.subscriptionsOf(connectionId);
    const found = await queryAll(documents, {
      TableName: table,
      IndexName: index,
      KeyConditionExpression: "#pk = :pk",
      ExpressionAttributeNames: { "#pk": `${index}pk` },
      ExpressionAttributeValues: { ":pk": value },
    });
    for (const { pk, sk } of found) await documents.send(new DeleteCommand({ TableName: table, Key: { pk, sk } }));
  },
});
