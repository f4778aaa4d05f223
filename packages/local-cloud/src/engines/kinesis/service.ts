import { createDecipheriv } from "node:crypto";
import { errorResponse } from "../../gateway/errors.ts";
import { AwsError, type AwsRequest, notImplemented, type Permission, type Service } from "../../gateway/service.ts";
import type { Forward } from "../forward.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- the wire's own shapes
type Json = Record<string, any>;

const target = "Kinesis_20131202";

const actions: ReadonlySet<string> = new Set([
  "AddTagsToStream",
  "CreateStream",
  "DecreaseStreamRetentionPeriod",
  "DeleteStream",
  "DescribeStream",
  "DescribeStreamSummary",
  "GetRecords",
  "GetShardIterator",
  "IncreaseStreamRetentionPeriod",
  "ListShards",
  "ListStreams",
  "ListTagsForStream",
  "MergeShards",
  "PutRecord",
  "PutRecords",
  "RemoveTagsFromStream",
  "SplitShard",
]);

/** kinesalite seals its iterators with a key that stands in its source: `time/stream/shard/sequence/…`. */
const iteratorKey = Buffer.from("1133a5a833666b49abf28c8ba302930f0b2fb240dccd43cf4dfbc0ca91f17751", "hex");
const iteratorVector = Buffer.from("7bf139dbabbea2d9995d6fcae1dff7da", "hex");

/** The stream that an iterator reads; null when it is not one of kinesalite's. */
export const streamOfIterator = (iterator: unknown): string | null => {
  try {
    const decipher = createDecipheriv("aes-256-cbc", iteratorKey, iteratorVector);
    const sealed = Buffer.from(String(iterator), "base64").subarray(8);
    return (
      Buffer.concat([decipher.update(sealed), decipher.final()])
        .toString("utf8")
        .split("/")[1] ?? null
    );
  } catch {
    return null;
  }
};

const nameOf = (input: Json): string | null => {
  const arn: unknown = input["StreamARN"];
  if (typeof arn === "string") return arn.split(":stream/")[1]?.split("/")[0] ?? null;
  return typeof input["StreamName"] === "string" ? input["StreamName"] : null;
};

/** Streams of the on-demand mode begin with four shards, as on AWS; here they keep them. */
export const onDemandShards = 4;

/** Kinesis behind the gateway: streams by name or ARN, on-demand mode with a fixed number of shards. */
export const kinesisService = (options: { forward: Forward; region: string; account: string }): Service => {
  const arn = (name: string): string => `arn:aws:kinesis:${options.region}:${options.account}:stream/${name}`;
  const action = (request: AwsRequest): string | null => {
    const [prefix, name = ""] = String(request.headers["x-amz-target"] ?? "").split(".");
    return prefix === target && actions.has(name) ? name : null;
  };
  const inputOf = (request: AwsRequest): Json => {
    if (!request.headers["content-type"]?.startsWith("application/x-amz-json-1.1")) {
      throw new AwsError("SerializationException", "The embedded Kinesis speaks JSON 1.1.");
    }
    try {
      return JSON.parse(request.body.toString("utf8") || "{}") as Json;
    } catch {
      throw new AwsError("SerializationException", "The request's body is not JSON.");
    }
  };
  /** What kinesalite takes: a name instead of an ARN, a number of shards instead of a mode. */
  const translate = (name: string, input: Json): Json => {
    const { StreamARN: given, StreamModeDetails: mode, ...rest } = input;
    const stream = given === undefined || name === "GetRecords" ? rest : { ...rest, StreamName: nameOf(input) };
    if (name !== "CreateStream") return stream;
    const { MaxRecordSizeInKiB: _, Tags: __, ...create } = stream;
    return mode?.["StreamMode"] === "ON_DEMAND" ? { ...create, ShardCount: onDemandShards } : create;
  };
  return {
    name: "kinesis",
    target,
    action,
    permissions(request): readonly Permission[] {
      const name = action(request) ?? "";
      const input = inputOf(request);
      const stream = name === "GetRecords" ? streamOfIterator(input["ShardIterator"]) : nameOf(input);
      return [{ action: `kinesis:${name}`, resource: stream === null || name === "ListStreams" ? "*" : arn(stream) }];
    },
    async handle(request) {
      try {
        const name = action(request);
        if (name === null) {
          throw notImplemented("kinesis", String(request.headers["x-amz-target"] ?? "").split(".")[1] ?? null);
        }
        const named = request.body.includes("StreamARN") || name === "CreateStream";
        const body = named ? Buffer.from(JSON.stringify(translate(name, inputOf(request)))) : request.body;
        return await options.forward(request, body);
      } catch (error) {
        return errorResponse(request, error);
      }
    },
  };
};
