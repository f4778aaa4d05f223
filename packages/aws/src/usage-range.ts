import { type AttributeValue, type DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import type { Item } from "./usage-item.ts";

/** Is told what each request took, for benchmarks. */
export type OnCapacity = (kind: "read" | "write", units: number) => void;

/** Sort keys from the first to the last, both included. */
export type KeyRange = { readonly pk: string; readonly from: string; readonly to: string };

export type RangeOptions = { readonly projection?: string | undefined; readonly onCapacity?: OnCapacity | undefined };

/** All items of a range in a partition of the Usage table, page after page. Sees every finished write. */
export const queryRange = async (
  dynamo: DynamoDBClient,
  table: string,
  { pk, from, to }: KeyRange,
  { projection, onCapacity }: RangeOptions = {},
): Promise<Item[]> => {
  const items: Item[] = [];
  let start: Record<string, AttributeValue> | undefined;
  do {
    const output = await dynamo.send(
      new QueryCommand({
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
        ExpressionAttributeValues: { ":pk": { S: pk }, ":from": { S: from }, ":to": { S: to } },
        ...(projection === undefined ? {} : { ProjectionExpression: projection }),
        ExclusiveStartKey: start,
        ...(onCapacity === undefined ? {} : { ReturnConsumedCapacity: "TOTAL" }),
      }),
    );
    onCapacity?.("read", output.ConsumedCapacity?.CapacityUnits ?? 0);
    items.push(...(output.Items ?? []));
    start = output.LastEvaluatedKey;
  } while (start !== undefined);
  return items;
};
