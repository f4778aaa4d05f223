import type { UpdateCommandInput } from "@aws-sdk/lib-dynamodb";
import { keys } from "./control-table.ts";

/** An update of an operation. `null` removes; a path is written with dots and may hold `#name` parts of `names`. */
export type OperationUpdate = {
  readonly set: Readonly<Record<string, unknown>>;
  /** Already in DynamoDB's own language, by path; their values stand in `values`. */
  readonly compute?: Readonly<Record<string, string>>;
  readonly when: string;
  readonly values?: Readonly<Record<string, unknown>>;
  readonly names?: Readonly<Record<string, string>>;
};

/**
 * One update expression. Every write counts up `version`, by which the change feed orders what it saw. Each part of a
 * path goes by a name of its own, as many of ours are reserved words.
 */
export const updateOf = (
  table: string,
  id: string,
  { set, compute = {}, when, values = {}, names = {} }: OperationUpdate,
): UpdateCommandInput & { UpdateExpression: string } => {
  const used: Record<string, string> = { "#version": "version" };
  const path = (dotted: string): string =>
    dotted
      .split(".")
      .map((part) => {
        const name = part.startsWith("#") ? part : `#${part}`;
        used[name] = names[part] ?? part;
        return name;
      })
      .join(".");
  const sets = ["#version = if_not_exists(#version, :none) + :next"];
  const removes: string[] = [];
  const own: Record<string, unknown> = { ":none": 0, ":next": 1, ...values };
  Object.entries(set).forEach(([dotted, value], at) => {
    if (value === null) removes.push(path(dotted));
    else {
      sets.push(`${path(dotted)} = :set${at}`);
      own[`:set${at}`] = value;
    }
  });
  for (const [dotted, expression] of Object.entries(compute)) sets.push(`${path(dotted)} = ${expression}`);
  for (const [name] of when.matchAll(/#\w+/g)) used[name] ??= names[name] ?? name.slice(1);
  return {
    TableName: table,
    Key: keys.operation(id),
    UpdateExpression: `SET ${sets.join(", ")}${removes.length === 0 ? "" : ` REMOVE ${removes.join(", ")}`}`,
    ConditionExpression: when,
    ExpressionAttributeNames: used,
    ExpressionAttributeValues: own,
  };
};
