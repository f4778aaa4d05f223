import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { UsageRollUps } from "@tenantry/core/usage/ports";
import { packTotals } from "./usage-aggregate.ts";
import { marshalled } from "./usage-item.ts";
import { periodKey, periodsPartition, rollUpsPartition } from "./usage-table.ts";

/** Roll-ups in the Usage table: an item for each meter and period, and one for the period that says how far they are. */
export const dynamoUsageRollUps = (table: string, dynamo: DynamoDBClient = new DynamoDBClient({})): UsageRollUps => ({
  async save(tenantId, { kind, from }, marks, totals) {
    const sk = periodKey(kind, from);
    const known = { ":marks": { N: String(marks) } };
    await Promise.all(
      [...totals].map(([metric, ofMeter]) =>
        unlessNewer(
          dynamo.send(
            new PutItemCommand({
              TableName: table,
              Item: {
                ...marshalled({ pk: rollUpsPartition(tenantId, metric), sk }),
                marks: known[":marks"],
                totals: packTotals(ofMeter),
              },
              ConditionExpression: "attribute_not_exists(pk) OR marks <= :marks",
              ExpressionAttributeValues: known,
            }),
          ),
        ),
      ),
    );
    // Only now: whoever reads that the period is rolled up finds each of its meters.
    const key = marshalled({ pk: periodsPartition(tenantId), sk });
    const done = await unlessNewer(
      dynamo.send(
        new UpdateItemCommand({
          TableName: table,
          Key: key,
          UpdateExpression: "SET rolled = :marks REMOVE late",
          // Written to since: it stays late, and is rolled up again.
          ConditionExpression:
            "(attribute_not_exists(marks) OR marks = :marks) AND (attribute_not_exists(rolled) OR rolled <= :marks)",
          ExpressionAttributeValues: known,
        }),
      ),
    );
    return done !== undefined;
  },
});

/** @returns undefined when the stored item is newer. */
const unlessNewer = async <T>(write: Promise<T>): Promise<T | undefined> => {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined;
    throw error;
  }
};
