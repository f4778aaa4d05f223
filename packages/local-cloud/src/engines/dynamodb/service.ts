import {
  AwsError,
  type AwsRequest,
  type AwsResponse,
  notImplemented,
  type Permission,
  type Service,
} from "../../gateway/service.ts";
import { errorResponse } from "../../gateway/errors.ts";
import type { Forward } from "../forward.ts";
import { dynamodbPermissions, type KeySchemas } from "./permissions.ts";
import { type StreamNames, tableOfStream, unwrapIterator, wrapIterator } from "./streams.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- the wire's own shapes
type Json = Record<string, any>;

const tables = "DynamoDB_20120810";
const streams = "DynamoDBStreams_20120810";

/** What dynoxide does in earnest. */
const actions: Readonly<Record<string, ReadonlySet<string>>> = {
  [tables]: new Set([
    "BatchGetItem",
    "BatchWriteItem",
    "CreateTable",
    "DeleteItem",
    "DeleteTable",
    "DescribeTable",
    "DescribeTimeToLive",
    "GetItem",
    "ListTables",
    "ListTagsOfResource",
    "PutItem",
    "Query",
    "Scan",
    "TagResource",
    "TransactGetItems",
    "TransactWriteItems",
    "UntagResource",
    "UpdateItem",
    "UpdateTable",
    "UpdateTimeToLive",
  ]),
  [streams]: new Set(["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"]),
};

/** Answers that hold ARNs and no items. */
const describing = new Set(["CreateTable", "DeleteTable", "DescribeTable", "UpdateTable", "ListTagsOfResource"]);

const json = (response: AwsResponse): Json =>
  JSON.parse(Buffer.from(response.body as Uint8Array).toString("utf8")) as Json;

/**
 * DynamoDB and its streams behind the gateway: ARNs are the deployment's, tables may be named by ARN, and what dynoxide
 * lacks (PartiQL's and backups' actions among them) answers 501.
 */
export const dynamodbService = (options: {
  forward: Forward;
  region: string;
  account: string;
  names: StreamNames;
  keys: KeySchemas;
}): Service => {
  const { region, account, names } = options;
  const own = `arn:aws:dynamodb:${region}:${account}:`;
  const theirs = "arn:aws:dynamodb:dynoxide:000000000000:";
  const target = (request: AwsRequest): [string, string] => {
    const [prefix = "", action = ""] = String(request.headers["x-amz-target"] ?? "").split(".");
    return [prefix, action];
  };
  const action = (request: AwsRequest): string | null => {
    const [prefix, name] = target(request);
    return actions[prefix]?.has(name) ? name : null;
  };

  const engine = async (request: AwsRequest, input: Json): Promise<AwsResponse> =>
    options.forward(request, Buffer.from(JSON.stringify(input)));
  const withBody = (response: AwsResponse, value: Json): AwsResponse => ({
    status: response.status,
    headers: { "content-type": "application/x-amz-json-1.0" },
    body: JSON.stringify(value),
  });

  /** dynoxide's label of a table's stream. */
  const labels = new Map<string, string>();
  const engineArn = async (request: AwsRequest, arn: unknown): Promise<{ own: string; engine: string }> => {
    const table = tableOfStream(arn);
    const missing = new AwsError(
      "ResourceNotFoundException",
      `Requested resource not found: Stream: ${String(arn)} not found`,
    );
    if (table === null) throw missing;
    const known = labels.get(table);
    if (known !== undefined) return { own: names.arnOf(table), engine: known };
    const described = await options.forward(
      { ...request, headers: { ...request.headers, "x-amz-target": `${tables}.DescribeTable` } },
      Buffer.from(JSON.stringify({ TableName: table })),
    );
    const latest: unknown = described.status === 200 ? json(described)["Table"]?.["LatestStreamArn"] : undefined;
    if (typeof latest !== "string") throw missing;
    labels.set(table, latest);
    return { own: names.arnOf(table), engine: latest };
  };

  const stream = async (request: AwsRequest, name: string): Promise<AwsResponse> => {
    const input = JSON.parse(request.body.toString("utf8") || "{}") as Json;
    if (name === "ListStreams") {
      const response = await engine(request, input);
      if (response.status !== 200) return response;
      const listed = json(response);
      const list = ((listed["Streams"] ?? []) as Json[]).map((one) => {
        const arn = names.arnOf(String(one["TableName"]));
        return { ...one, StreamArn: arn, StreamLabel: arn.split("/stream/")[1] };
      });
      return withBody(response, { ...listed, Streams: list });
    }
    if (name === "GetRecords") {
      const given = unwrapIterator(input["ShardIterator"]);
      if (!given) throw new AwsError("ValidationException", "Invalid ShardIterator.");
      const response = await engine(request, { ...input, ShardIterator: given.iterator });
      if (response.status !== 200) return response;
      const text = Buffer.from(response.body as Uint8Array)
        .toString("utf8")
        .replaceAll('"awsRegion":"dynoxide"', `"awsRegion":"${region}"`);
      const value = JSON.parse(text) as Json;
      const next: unknown = value["NextShardIterator"];
      return withBody(response, {
        ...value,
        ...(typeof next === "string" ? { NextShardIterator: wrapIterator(given.arn, next) } : {}),
      });
    }
    const arns = await engineArn(request, input["StreamArn"]);
    const response = await engine(request, { ...input, StreamArn: arns.engine });
    if (response.status !== 200) {
      labels.delete(tableOfStream(arns.own) ?? "");
      return response;
    }
    const value = json(response);
    if (name === "GetShardIterator") {
      return withBody(response, { ...value, ShardIterator: wrapIterator(arns.own, String(value["ShardIterator"])) });
    }
    const description = (value["StreamDescription"] ?? {}) as Json;
    // dynoxide writes an ending sequence number into its one open shard, which would read as closed.
    const shards = ((description["Shards"] ?? []) as Json[]).map((shard) => ({
      ...shard,
      SequenceNumberRange: { StartingSequenceNumber: shard["SequenceNumberRange"]?.["StartingSequenceNumber"] },
    }));
    const label = arns.own.split("/stream/")[1];
    return withBody(response, {
      StreamDescription: { ...description, StreamArn: arns.own, StreamLabel: label, Shards: shards },
    });
  };

  const table = async (request: AwsRequest, name: string): Promise<AwsResponse> => {
    // Tables may be named by ARN; dynoxide knows names and its own ARNs only.
    const body = request.body.includes(own)
      ? Buffer.from(
          request.body
            .toString("utf8")
            .replaceAll(/("TableName"\s*:\s*")arn:aws:dynamodb:[^":]*:[^":]*:table\/([^"/]+)"/g, '$1$2"')
            .replaceAll(new RegExp(String.raw`("ResourceArn"\s*:\s*")${own}`, "g"), `$1${theirs}`),
        )
      : request.body;
    const response = await options.forward(request, body);
    if (!describing.has(name)) return response;
    const text = Buffer.from(response.body as Uint8Array).toString("utf8");
    return {
      ...response,
      headers: { "content-type": "application/x-amz-json-1.0" },
      body: text
        .replaceAll(
          /arn:aws:dynamodb:(?:dynoxide|ddblocal):000000000000:table\/([^"/]+)\/stream\/[^"]+/g,
          (_, of: string) => names.arnOf(of),
        )
        .replaceAll(/arn:aws:dynamodb:(?:dynoxide|ddblocal):000000000000:/g, own),
    };
  };

  return {
    name: "dynamodb",
    target: tables,
    action,
    permissions: (request): readonly Permission[] =>
      dynamodbPermissions(request, action(request) ?? "", { region, account, keys: options.keys }),
    async handle(request) {
      try {
        const name = action(request);
        if (name === null) throw notImplemented("dynamodb", target(request)[1] || null);
        return await (target(request)[0] === streams ? stream(request, name) : table(request, name));
      } catch (error) {
        return errorResponse(request, error);
      }
    },
  };
};
