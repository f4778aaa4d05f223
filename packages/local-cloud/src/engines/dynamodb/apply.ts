import { type Graph, type GraphResource, ofType } from "../../deploy/graph.ts";
import { AwsError } from "../../gateway/service.ts";
import type { KeySchemas } from "./permissions.ts";
import type { StreamNames } from "./streams.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- DynamoDB's and Pulumi's own shapes
type Json = Record<string, any>;
export type Call = (action: string, input: Json) => Promise<Json>;

export const tableType = "aws:dynamodb/table:Table";

const list = (value: unknown): Json[] => (Array.isArray(value) ? (value as Json[]) : []);

const schema = (hash: unknown, range: unknown): Json[] => [
  { AttributeName: hash, KeyType: "HASH" },
  ...(typeof range === "string" && range !== "" ? [{ AttributeName: range, KeyType: "RANGE" }] : []),
];

const index = (from: Json, hash: unknown): Json => ({
  IndexName: from["name"],
  KeySchema: schema(from["hashKey"] ?? hash, from["rangeKey"]),
  Projection: {
    ProjectionType: from["projectionType"] ?? "ALL",
    ...(list(from["nonKeyAttributes"]).length > 0 ? { NonKeyAttributes: from["nonKeyAttributes"] } : {}),
  },
});

const definition = (table: GraphResource): Json => {
  const { inputs } = table;
  const global = list(inputs["globalSecondaryIndexes"]).map((one) => index(one, undefined));
  const local = list(inputs["localSecondaryIndexes"]).map((one) => index(one, inputs["hashKey"]));
  return {
    TableName: nameOf(table),
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: list(inputs["attributes"]).map((one) => ({
      AttributeName: one["name"],
      AttributeType: one["type"],
    })),
    KeySchema: schema(inputs["hashKey"], inputs["rangeKey"]),
    ...(global.length > 0 ? { GlobalSecondaryIndexes: global } : {}),
    ...(local.length > 0 ? { LocalSecondaryIndexes: local } : {}),
    ...(inputs["streamEnabled"]
      ? { StreamSpecification: { StreamEnabled: true, StreamViewType: inputs["streamViewType"] } }
      : {}),
  };
};

const nameOf = ({ id, outputs }: GraphResource): string => String(outputs["name"] ?? id);

const describe = async (call: Call, name: string): Promise<Json | null> => {
  try {
    return (await call("DescribeTable", { TableName: name }))["Table"] as Json;
  } catch (error) {
    if (error instanceof AwsError && error.code === "ResourceNotFoundException") return null;
    throw error;
  }
};

/** Makes the graph's tables real: creates what is missing, adds new indexes and streams, sets the expiry attribute. */
export const applyTables = async (
  graph: Graph,
  { call, names, keys }: { call: Call; names: StreamNames; keys: KeySchemas },
): Promise<void> => {
  for (const resource of ofType(graph, tableType)) {
    const { inputs, outputs } = resource;
    const wanted = definition(resource);
    const name = String(wanted["TableName"]);
    const there = await describe(call, name);
    if (there === null) await call("CreateTable", wanted);
    else await extend(call, wanted, there);
    if (typeof outputs["streamArn"] === "string" && outputs["streamArn"] !== "") names.set(name, outputs["streamArn"]);
    keys.set(name, String(inputs["hashKey"]));
    for (const one of list(wanted["GlobalSecondaryIndexes"])) {
      keys.set(`${name}/index/${one["IndexName"]}`, String(list(one["KeySchema"])[0]?.["AttributeName"]));
    }
    for (const one of list(wanted["LocalSecondaryIndexes"])) {
      keys.set(`${name}/index/${one["IndexName"]}`, String(inputs["hashKey"]));
    }
    await expire(call, name, inputs["ttl"] as Json | undefined);
  }
};

const extend = async (call: Call, wanted: Json, there: Json): Promise<void> => {
  const name = wanted["TableName"] as string;
  if (JSON.stringify(there["KeySchema"]) !== JSON.stringify(wanted["KeySchema"])) {
    throw new Error(`The table ${name} has other keys than the stack now gives it. Start with --fresh, or rename it.`);
  }
  const has = new Set(list(there["GlobalSecondaryIndexes"]).map((one) => one["IndexName"] as string));
  for (const one of list(wanted["GlobalSecondaryIndexes"])) {
    if (has.has(one["IndexName"] as string)) continue;
    await call("UpdateTable", {
      TableName: name,
      AttributeDefinitions: wanted["AttributeDefinitions"] as Json[],
      GlobalSecondaryIndexUpdates: [{ Create: one }],
    });
  }
  if (wanted["StreamSpecification"] && !there["StreamSpecification"]?.["StreamEnabled"]) {
    await call("UpdateTable", { TableName: name, StreamSpecification: wanted["StreamSpecification"] as Json });
  }
};

const expire = async (call: Call, name: string, ttl: Json | undefined): Promise<void> => {
  const wanted: unknown = ttl && ttl["enabled"] !== false ? ttl["attributeName"] : undefined;
  const now = (await call("DescribeTimeToLive", { TableName: name }))["TimeToLiveDescription"] as Json | undefined;
  const current: unknown = now?.["TimeToLiveStatus"] === "ENABLED" ? now["AttributeName"] : undefined;
  if (wanted === current) return;
  const set = (Enabled: boolean, AttributeName: unknown): Promise<Json> =>
    call("UpdateTimeToLive", { TableName: name, TimeToLiveSpecification: { Enabled, AttributeName } });
  if (current !== undefined) await set(false, current);
  if (wanted !== undefined) await set(true, wanted);
};
