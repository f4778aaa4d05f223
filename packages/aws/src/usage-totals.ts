import { type ConsumedCapacity, DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import type { Totals } from "@tenantry/core/usage/fold";
import type { UsageTotals } from "@tenantry/core/usage/ports";
import { type Item, totalsOf } from "./usage-item.ts";
import type { OnCapacity } from "./usage-pages.ts";
import { hourKey, hourOf, tenantPartition } from "./usage-table.ts";

type Hour = { readonly hour: number; readonly totals: Totals };

/** A query of this many hours stays within a few of DynamoDB's 1 MB answers; several run side by side. */
const stretch = 24 * 31;

/** The totals in the Usage table: one item an hour. Ids are left out of the answer, though not of what the read costs. */
export const dynamoUsageTotals = (
  table: string,
  dynamo: DynamoDBClient = new DynamoDBClient({}),
  onCapacity?: OnCapacity,
): UsageTotals => {
  const spent = (consumed: ConsumedCapacity | undefined) => onCapacity?.("read", consumed?.CapacityUnits ?? 0);

  const query = async (tenantId: string, from: number, to: number): Promise<Hour[]> => {
    const hours: Hour[] = [];
    let start: Item | undefined;
    do {
      const output = await dynamo.send(
        new QueryCommand({
          TableName: table,
          ConsistentRead: true,
          KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
          ExpressionAttributeValues: {
            ":pk": { S: tenantPartition(tenantId) },
            ":from": { S: hourKey(from) },
            ":to": { S: hourKey(to - 1) },
          },
          ProjectionExpression: "pk, sk, totals",
          ExclusiveStartKey: start,
          ...(onCapacity === undefined ? {} : { ReturnConsumedCapacity: "TOTAL" }),
        }),
      );
      spent(output.ConsumedCapacity);
      for (const item of output.Items ?? []) hours.push({ hour: hourOf(item["sk"]?.S ?? ""), totals: totalsOf(item) });
      start = output.LastEvaluatedKey;
    } while (start !== undefined);
    return hours;
  };

  return {
    async hours(tenantId, from, to) {
      const stretches: Promise<Hour[]>[] = [];
      for (let at = from; at < to; at += stretch) stretches.push(query(tenantId, at, Math.min(at + stretch, to)));
      return (await Promise.all(stretches)).flat();
    },
  };
};
