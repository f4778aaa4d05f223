import { randomUUID } from "node:crypto";
import type { Aws } from "./aws.ts";
import type { Mapping } from "./mapping.ts";
import type { Stream, StreamRecord } from "./stream.ts";

export type Discard = {
  readonly condition: "RetryAttemptsExhausted" | "RecordAgeExceeded";
  readonly attempts: number;
  readonly shard: string;
  readonly records: readonly StreamRecord[];
};

/** The record of a failed batch, as Lambda writes it. */
const invocationRecord = (mapping: Mapping, stream: Stream, discard: Discard): Record<string, unknown> => {
  const [first, last] = [discard.records[0], discard.records.at(-1)];
  return {
    requestContext: {
      requestId: randomUUID(),
      functionArn: mapping.functionArn,
      condition: discard.condition,
      approximateInvokeCount: discard.attempts,
    },
    responseContext: { statusCode: 200, executedVersion: "$LATEST", functionError: "Unhandled" },
    version: "1.0",
    timestamp: new Date().toISOString(),
    [stream.batchInfo]: {
      shardId: discard.shard,
      startSequenceNumber: first?.sequence,
      endSequenceNumber: last?.sequence,
      approximateArrivalOfFirstRecord: new Date(first?.arrival ?? 0).toISOString(),
      approximateArrivalOfLastRecord: new Date(last?.arrival ?? 0).toISOString(),
      batchSize: discard.records.length,
      streamArn: mapping.sourceArn,
    },
  };
};

/** `aws/lambda/<mapping>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<uuid>`, as Lambda names it. */
const objectKey = (mapping: Mapping, shard: string): string => {
  const now = new Date().toISOString();
  const day = now.slice(0, 10).replaceAll("-", "/");
  return `aws/lambda/${mapping.id}/${shard}/${day}/${now.slice(0, 19).replaceAll(":", ".")}-${randomUUID()}`;
};

/**
 * Sends what the function could not take to the mapping's failure destination: a queue, a topic, or a bucket (which
 * alone gets the records themselves).
 */
export const sendFailure = async (aws: Aws, mapping: Mapping, stream: Stream, discard: Discard): Promise<void> => {
  const arn = mapping.onFailure;
  if (arn === undefined) return;
  const record = invocationRecord(mapping, stream, discard);
  const [, , service, , account, name = ""] = arn.split(":");
  if (service === "sqs") {
    const input = {
      QueueUrl: `http://sqs.us-east-1.amazonaws.com/${account}/${name}`,
      MessageBody: JSON.stringify(record),
    };
    await aws.json("sqs", "SendMessage", input);
  } else if (service === "sns") {
    const body = new URLSearchParams({
      Action: "Publish",
      Version: "2010-03-31",
      TopicArn: arn,
      Message: JSON.stringify(record),
    });
    await aws.send("sns", "/", { method: "POST", body: body.toString(), type: "application/x-www-form-urlencoded" });
  } else if (service === "s3") {
    const payload = JSON.stringify({ Records: discard.records.map(({ event }) => event) });
    const path = `/${name}/${objectKey(mapping, discard.shard)}`;
    await aws.send("s3", path, { method: "PUT", body: JSON.stringify({ ...record, payload }) });
  } else throw new Error(`The embedded cloud cannot send failed batches to ${arn}.`);
};
