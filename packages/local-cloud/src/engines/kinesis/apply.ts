import { type Graph, ofType } from "../../deploy/graph.ts";
import { AwsError } from "../../gateway/service.ts";
import { onDemandShards } from "./service.ts";

// oxlint-disable-next-line typescript/no-explicit-any -- Kinesis' own shapes
type Json = Record<string, any>;
type Call = (action: string, input: Json) => Promise<Json>;

export const streamType = "aws:kinesis/stream:Stream";

const summary = async (call: Call, StreamName: string): Promise<Json | null> => {
  try {
    return (await call("DescribeStreamSummary", { StreamName }))["StreamDescriptionSummary"] as Json;
  } catch (error) {
    if (error instanceof AwsError && error.code === "ResourceNotFoundException") return null;
    throw error;
  }
};

/** A stream is active in the same tick, but kinesalite writes that down a moment later. */
const active = async (call: Call, name: string): Promise<Json> => {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const stream = await summary(call, name);
    if (stream?.["StreamStatus"] === "ACTIVE") return stream;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`The stream ${name} does not become active.`);
};

/** Makes the graph's streams real: creates what is missing and sets the retention. Shards of an existing stream stay. */
export const applyStreams = async (graph: Graph, call: Call, log: (line: string) => void): Promise<void> => {
  for (const { id, inputs, outputs } of ofType(graph, streamType)) {
    const StreamName = String(outputs["name"] ?? id);
    const onDemand = inputs["streamModeDetails"]?.["streamMode"] === "ON_DEMAND";
    const ShardCount = Number(inputs["shardCount"] ?? (onDemand ? onDemandShards : 1));
    const before = await summary(call, StreamName);
    if (before === null) await call("CreateStream", { StreamName, ShardCount });
    const now = await active(call, StreamName);
    if (before !== null && Number(now["OpenShardCount"]) !== ShardCount) {
      log(`kinesis: ${StreamName} keeps its ${now["OpenShardCount"]} shards: the embedded cloud does not reshard.`);
    }
    const wanted = Number(inputs["retentionPeriod"] ?? 24);
    const hours = Number(now["RetentionPeriodHours"]);
    const step = wanted > hours ? "IncreaseStreamRetentionPeriod" : "DecreaseStreamRetentionPeriod";
    if (wanted !== hours) await call(step, { StreamName, RetentionPeriodHours: Math.min(wanted, 168) });
  }
};
