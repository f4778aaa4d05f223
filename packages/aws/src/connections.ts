import { DeleteCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import type { Subscriber, Subscribers } from "@tenantry/core/progress/ports";
import { type Entity, keys, listedIn, partitions } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { queryAll } from "./query-all.ts";

/** Subscriptions in the Control table; they end with their connection, by TTL at the latest. */
export const dynamoSubscribers = (documents: Documents, table: string): Subscribers => ({
  async add(topic, { connectionId, expiresAt }) {
    await documents.send(
      new PutCommand({
        TableName: table,
        Item: {
          ...keys.subscriber(topic, connectionId),
          ...listedIn(partitions.subscriptionsOf(connectionId), topic),
          entity: "subscriber" satisfies Entity,
          expires_at: expiresAt,
        },
      }),
    );
  },

  async of(topics) {
    const found = await Promise.all(
      topics.map((topic) =>
        queryAll(documents, {
          TableName: table,
          ConsistentRead: true,
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": keys.subscriber(topic, "").pk },
        }),
      ),
    );
    return found
      .flat()
      .map((item): Subscriber => ({ connectionId: String(item["sk"]), expiresAt: Number(item["expires_at"]) }));
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
