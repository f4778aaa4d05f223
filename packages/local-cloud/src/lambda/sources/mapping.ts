import { type Graph, ofType } from "../../deploy/graph.ts";
import { compilePattern, type EventPattern } from "../pattern.ts";

/** An event source mapping, read from the graph. Seconds, and -1 for "no limit", as Lambda writes them. */
export type Mapping = {
  readonly id: string;
  readonly kind: "kinesis" | "dynamodb" | "sqs";
  readonly sourceArn: string;
  readonly functionArn: string;
  readonly enabled: boolean;
  readonly batchSize: number;
  readonly window: number;
  readonly startingPosition: "LATEST" | "TRIM_HORIZON" | "AT_TIMESTAMP";
  /** RFC 3339, for `AT_TIMESTAMP`. */
  readonly startingTimestamp?: string;
  readonly maximumRetries: number;
  readonly maximumAge: number;
  readonly bisect: boolean;
  readonly parallelization: number;
  readonly partialFailures: boolean;
  readonly onFailure?: string;
  readonly filters: readonly string[];
};

const kindOf = (arn: string): Mapping["kind"] => {
  const service = arn.split(":")[2];
  if (service === "kinesis" || service === "dynamodb" || service === "sqs") return service;
  throw new Error(`The embedded cloud has no event source of ${service ?? "nothing"}: ${arn}`);
};

const unsupported = ["tumblingWindowInSeconds", "selfManagedEventSource", "topics", "queues", "scalingConfig"];

/** @throws Error that names a mapping with a source or setting that does not work here. */
export const readMappings = (graph: Graph): Mapping[] =>
  ofType(graph, "aws:lambda/eventSourceMapping:EventSourceMapping").map(({ id, name, inputs }) => {
    const missing = unsupported.find((setting) => inputs[setting] !== undefined && inputs[setting] !== 0);
    if (missing) throw new Error(`The embedded cloud has no ${missing}, which ${name} asks for.`);
    const sourceArn = String(inputs["eventSourceArn"]);
    const kind = kindOf(sourceArn);
    const filters: { pattern: string }[] = inputs["filterCriteria"]?.filters ?? [];
    const onFailure: unknown = inputs["destinationConfig"]?.onFailure?.destinationArn;
    const timestamp: unknown = inputs["startingPositionTimestamp"];
    return {
      id,
      kind,
      sourceArn,
      functionArn: String(inputs["functionName"]),
      enabled: inputs["enabled"] !== false,
      batchSize: Number(inputs["batchSize"] ?? (kind === "sqs" ? 10 : 100)),
      window: Number(inputs["maximumBatchingWindowInSeconds"] ?? 0),
      startingPosition: inputs["startingPosition"] ?? "TRIM_HORIZON",
      ...(typeof timestamp === "string" ? { startingTimestamp: timestamp } : {}),
      maximumRetries: Number(inputs["maximumRetryAttempts"] ?? -1),
      maximumAge: Number(inputs["maximumRecordAgeInSeconds"] ?? -1),
      bisect: inputs["bisectBatchOnFunctionError"] === true,
      parallelization: Number(inputs["parallelizationFactor"] ?? 1),
      partialFailures: (inputs["functionResponseTypes"] ?? []).includes("ReportBatchItemFailures"),
      ...(typeof onFailure === "string" ? { onFailure } : {}),
      filters: filters.map(({ pattern }) => pattern),
    };
  });

/** Whether a record passes the mapping's filters: one of them has to match, and none lets all through. */
export const compileFilters = (mapping: Mapping): EventPattern => {
  const patterns = mapping.filters.map((pattern) => compilePattern(pattern));
  return (record) => patterns.length === 0 || patterns.some((matches) => matches(record));
};
