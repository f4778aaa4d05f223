import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { SeriesStore } from "@tenantry/core/usage/ports";
import { marshalled } from "./usage-item.ts";
import { periodKey, seriesPartition } from "./usage-table.ts";

/** The series that tenants may use, in the Usage table: an item for each tenant and month. */
export const dynamoUsageSeries = (table: string, dynamo: DynamoDBClient = new DynamoDBClient({})): SeriesStore => {
  const keyOf = (tenantId: string, month: number) =>
    marshalled({ pk: seriesPartition(tenantId), sk: periodKey("month", month) });
  return {
    async get(tenantId, month) {
      const { Item } = await dynamo.send(
        new GetItemCommand({ TableName: table, Key: keyOf(tenantId, month), ConsistentRead: true }),
      );
      return { version: Number(Item?.["version"]?.N ?? 0), series: Item?.["series"]?.SS ?? [] };
    },

    async save(tenantId, month, { version, series }) {
      try {
        await dynamo.send(
          new PutItemCommand({
            TableName: table,
            Item: { ...keyOf(tenantId, month), version: { N: String(version) }, series: { SS: [...series] } },
            ConditionExpression: version === 1 ? "attribute_not_exists(pk)" : "version = :before",
            ...(version === 1 ? {} : { ExpressionAttributeValues: { ":before": { N: String(version - 1) } } }),
          }),
        );
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
  };
};
