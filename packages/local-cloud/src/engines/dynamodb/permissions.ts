import type { AwsRequest, Permission } from "../../gateway/service.ts";
import { unwrapIterator } from "./streams.ts";

/** The partition key of each table (`table`) and index (`table/index/name`). */
export type KeySchemas = Map<string, string>;

// oxlint-disable-next-line typescript/no-explicit-any -- the wire's own shapes
type Json = Record<string, any>;

const scalar = (value: Json | undefined): string | undefined => {
  const found = value?.["S"] ?? value?.["N"] ?? value?.["B"];
  return typeof found === "string" ? found : undefined;
};

/** The value that a key condition pins the partition key to. */
const pinned = (input: Json, key: string): string | undefined => {
  const names = (input["ExpressionAttributeNames"] ?? {}) as Record<string, string>;
  for (const [, name = "", value = ""] of String(input["KeyConditionExpression"] ?? "").matchAll(
    /([#\w.]+)\s*=\s*(:\w+)/g,
  )) {
    if ((names[name] ?? name) === key) return scalar(input["ExpressionAttributeValues"]?.[value] as Json);
  }
  return undefined;
};

const transactions: Readonly<Record<string, string>> = {
  Put: "PutItem",
  Update: "UpdateItem",
  Delete: "DeleteItem",
  ConditionCheck: "ConditionCheckItem",
  Get: "GetItem",
};

/** What IAM must allow for a DynamoDB call: one permission for each table or index it touches, with the leading keys. */
export const dynamodbPermissions = (
  request: AwsRequest,
  action: string,
  { region, account, keys }: { region: string; account: string; keys: KeySchemas },
): Permission[] => {
  const input = JSON.parse(request.body.toString("utf8") || "{}") as Json;
  const nameOf = (table: unknown): string => String(table).split("table/").at(-1) ?? "";
  const arn = (table: unknown, index?: unknown): string => {
    const self = `arn:aws:dynamodb:${region}:${account}:table/${nameOf(table)}`;
    return typeof index === "string" ? `${self}/index/${index}` : self;
  };
  const on = (
    name: string,
    table: unknown,
    leading: readonly (string | undefined)[] = [],
    index?: unknown,
  ): Permission => {
    const known = leading.filter((value) => value !== undefined);
    return {
      action: `dynamodb:${name}`,
      resource: arn(table, index),
      ...(known.length > 0 ? { context: { "dynamodb:LeadingKeys": [...new Set(known)] } } : {}),
    };
  };
  const keyIn = (table: unknown, item: Json | undefined): string | undefined =>
    scalar(item?.[keys.get(nameOf(table)) ?? ""] as Json | undefined);

  switch (action) {
    case "ListTables":
    case "ListStreams":
      return [{ action: `dynamodb:${action}`, resource: "*" }];
    case "DescribeStream":
    case "GetShardIterator":
      return [{ action: `dynamodb:${action}`, resource: String(input["StreamArn"]) }];
    case "GetRecords":
      return [{ action: "dynamodb:GetRecords", resource: unwrapIterator(input["ShardIterator"])?.arn ?? "*" }];
    case "ListTagsOfResource":
    case "TagResource":
    case "UntagResource":
      return [{ action: `dynamodb:${action}`, resource: String(input["ResourceArn"]) }];
    case "BatchGetItem":
      return Object.entries((input["RequestItems"] ?? {}) as Record<string, Json>).map(([table, wanted]) =>
        on(
          action,
          table,
          ((wanted["Keys"] ?? []) as Json[]).map((key) => keyIn(table, key)),
        ),
      );
    case "BatchWriteItem":
      return Object.entries((input["RequestItems"] ?? {}) as Record<string, Json[]>).map(([table, writes]) =>
        on(
          action,
          table,
          writes.map((write) =>
            keyIn(table, (write["PutRequest"]?.["Item"] ?? write["DeleteRequest"]?.["Key"]) as Json),
          ),
        ),
      );
    case "TransactGetItems":
    case "TransactWriteItems":
      return ((input["TransactItems"] ?? []) as Json[]).flatMap((item) =>
        Object.entries(item).map(([kind, part]: [string, Json]) =>
          on(transactions[kind] ?? kind, part["TableName"], [
            keyIn(part["TableName"], (part["Item"] ?? part["Key"]) as Json),
          ]),
        ),
      );
    case "Query":
    case "Scan": {
      const { TableName: table, IndexName: index } = input;
      const key = keys.get(typeof index === "string" ? `${nameOf(table)}/index/${index}` : nameOf(table));
      return [on(action, table, key === undefined ? [] : [pinned(input, key)], index)];
    }
    default:
      return [on(action, input["TableName"], [keyIn(input["TableName"], (input["Item"] ?? input["Key"]) as Json)])];
  }
};
