import { AwsError } from "../../gateway/service.ts";
import type { Call } from "./apply.ts";

/** DynamoDB lets items live on whose time lies more than five years back: the number is taken for something else. */
const oldest = 5 * 365 * 24 * 3600;

/** Deletes the items whose time to live has run out, as DynamoDB does within days and dynoxide never. @returns how many. */
export const sweepExpired = async (call: Call, now = Math.floor(Date.now() / 1000)): Promise<number> => {
  let deleted = 0;
  const { TableNames: tables = [] } = (await call("ListTables", {})) as { TableNames?: string[] };
  for (const TableName of tables) {
    const { TimeToLiveDescription: ttl } = await call("DescribeTimeToLive", { TableName });
    if (ttl?.["TimeToLiveStatus"] !== "ENABLED") continue;
    const { Table: table } = await call("DescribeTable", { TableName });
    const keys = (table["KeySchema"] as { AttributeName: string }[]).map((key) => key.AttributeName);
    const names: Record<string, string> = { "#ttl": ttl["AttributeName"] as string };
    keys.forEach((key, index) => (names[`#k${index}`] = key));
    let start: unknown;
    do {
      const page = await call("Scan", {
        TableName,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
        FilterExpression: "attribute_type(#ttl, :number) AND #ttl <= :now AND #ttl > :oldest",
        ProjectionExpression: Object.keys(names).join(", "),
        ExpressionAttributeNames: names,
        ExpressionAttributeValues: {
          ":number": { S: "N" },
          ":now": { N: String(now) },
          ":oldest": { N: String(now - oldest) },
        },
      });
      for (const item of (page["Items"] ?? []) as Record<string, unknown>[]) {
        deleted += await remove(call, TableName, keys, names["#ttl"] ?? "", item);
      }
      start = page["LastEvaluatedKey"];
    } while (start !== undefined);
  }
  return deleted;
};

/** Deletes an item unless its time was moved since it was read. */
const remove = async (
  call: Call,
  TableName: string,
  keys: readonly string[],
  ttl: string,
  item: Readonly<Record<string, unknown>>,
): Promise<number> => {
  try {
    await call("DeleteItem", {
      TableName,
      Key: Object.fromEntries(keys.map((key) => [key, item[key]])),
      ConditionExpression: "#ttl = :seen",
      ExpressionAttributeNames: { "#ttl": ttl },
      ExpressionAttributeValues: { ":seen": item[ttl] },
    });
    return 1;
  } catch (error) {
    if (error instanceof AwsError && error.code === "ConditionalCheckFailedException") return 0;
    throw error;
  }
};
