import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { KinesisClient, PutRecordsCommand, SplitShardCommand, ListShardsCommand } from "@aws-sdk/client-kinesis";
import { GetObjectCommand, ListBucketsCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import type { Meter } from "@tenantry/core/usage/meters";
import { operator, send } from "../api.ts";
import type { Ready } from "../app.ts";
import { ask } from "../aws.ts";
import type { Put } from "./trace.ts";

const dimensions = [{ name: "plan" }, { name: "region" }];

/** A meter of each aggregation, with two dimensions. */
export const oracleMeters: readonly Meter[] = (
  ["sum", "count", "min", "max", "latest", "unique", "time_weighted_average"] as const
).map((aggregation) => ({
  name: `oracle_${aggregation}`,
  unit: "unit",
  aggregation,
  decimals: 6,
  dimensions,
  cardinality_limit: 40,
}));

/** Defines the meters, and answers with all there are, in their order. */
export const defineMeters = async (ready: Ready, token: string): Promise<readonly Meter[]> => {
  for (const { name, ...body } of oracleMeters) {
    const { status, text } = await send(ready, "PUT", `/admin/meters/${name}`, { token, body });
    if (status !== 200) throw new Error(`${name}: ${status} ${text}`);
  }
  return (await send(ready, "GET", "/admin/meters", { token })).body.items as Meter[];
};

/** Puts records in the order given, again those that were refused. */
export const putAll = async (ready: Ready, puts: readonly Put[]): Promise<void> => {
  const kinesis = new KinesisClient(operator(ready));
  try {
    for (let at = 0; at < puts.length; at += 250) {
      let left = puts.slice(at, at + 250).map(({ key, data }) => ({ PartitionKey: key, Data: data }));
      while (left.length > 0) {
        const { Records = [] } = await kinesis.send(
          new PutRecordsCommand({ StreamName: ready.usage_stream, Records: left }),
        );
        left = left.filter((_, place) => Records[place]?.ErrorCode !== undefined);
        if (left.length > 0) await sleep(200);
      }
    }
  } finally {
    kinesis.destroy();
  }
};

/** Splits a shard in two in the middle of everything. */
export const reshard = async (ready: Ready): Promise<void> => {
  const kinesis = new KinesisClient(operator(ready));
  try {
    const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName: ready.usage_stream }));
    const open = Shards.filter((shard) => shard.SequenceNumberRange?.EndingSequenceNumber === undefined);
    const { ShardId, HashKeyRange } = open[0] ?? {};
    const [from, to] = [BigInt(HashKeyRange?.StartingHashKey ?? 0), BigInt(HashKeyRange?.EndingHashKey ?? 0)];
    await kinesis.send(
      new SplitShardCommand({
        StreamName: ready.usage_stream,
        ShardToSplit: ShardId,
        NewStartingHashKey: ((from + to) / 2n).toString(),
      }),
    );
  } finally {
    kinesis.destroy();
  }
};

const usage = { service: "dynamodb", match: "HOUR#" };
/** Hours of a day that is over are written with a mark for their roll-ups: early in the day that is most of them. */
const write = { ...usage, action: ["PutItem", "TransactWriteItems"] };

/**
 * What befalls the consumer: each rule hits so many requests of it, some after some have passed. Where batches are small,
 * `apart` below one lets fewer pass.
 */
export const mishaps = (times: number, apart = 1): readonly object[] => {
  const after = (requests: number): number => Math.round(requests * apart);
  return [
    { ...write, kind: "lost-reply", skip: after(3), times: 2 * times },
    { ...write, kind: "throttle", skip: after(10), times: 4 * times },
    { ...write, kind: "error", skip: after(20), times: 3 * times },
    { ...write, kind: "duplicate", skip: after(25), times },
    { ...write, kind: "kill", skip: after(40), times },
    { ...write, kind: "kill-after", skip: after(60), times },
    { ...write, kind: "again", skip: after(70), times },
    { ...write, kind: "timeout", skip: after(90), times },
    { ...write, kind: "refuse-after", skip: after(100), times },
    { ...usage, action: "TransactWriteItems", kind: "lost-reply", skip: 2, times: 2 * times },
    { ...usage, action: "TransactWriteItems", kind: "kill-after", skip: 15, times },
    { ...usage, action: "TransactWriteItems", kind: "throttle", skip: 20, times },
    { ...usage, action: "BatchGetItem", kind: "error", skip: 1, times },
    { service: "s3", match: "archive/", kind: "error", skip: 2, times },
    // A batch writes one such object: there is nothing to skip.
    { service: "s3", match: "quarantine/", kind: "lost-reply", times },
  ];
};

export const addFaults = (ready: Ready, rules: readonly object[]): Promise<string> =>
  ask(ready, "faults", "/_faults", { method: "POST", body: JSON.stringify(rules) });

/** Clears the faults, and tells how often each hit. */
export const clearFaults = async (ready: Ready): Promise<Readonly<Record<string, number>>> => {
  const { faults } = JSON.parse(await ask(ready, "faults", "/_faults")) as {
    faults: { action?: string | string[]; service: string; kind: string; hits: number }[];
  };
  await ask(ready, "faults", "/_faults", { method: "DELETE" });
  return Object.fromEntries(
    faults.map(({ service, action = service, kind, hits }) => [`${[action].flat().join(", ")} ${kind}`, hits]),
  );
};

type Archived = { position: string; partition_key: string; arrived_at: number; text?: string; data?: string };

/** Counts the archive's batches once more on top, by the deployed consumer itself: as zombies and replays do. */
export const replayArchive = async (ready: Ready, since: number): Promise<number> => {
  const s3 = new S3Client({ ...operator(ready), forcePathStyle: true });
  const consumer = await consumerOf(ready);
  let records = 0;
  try {
    const { Buckets = [] } = await s3.send(new ListBucketsCommand({}));
    const Bucket = Buckets.map(({ Name = "" }) => Name).find((name) => /usagearchive/i.test(name)) ?? "";
    let token: string | undefined;
    do {
      const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: "archive/", ContinuationToken: token }));
      for (const { Key, LastModified } of page.Contents ?? []) {
        if ((LastModified?.getTime() ?? 0) < since - 1000) continue;
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
        const lines = gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array())
          .toString()
          .trimEnd();
        const kept = lines.split("\n").map((line) => JSON.parse(line) as Archived);
        // Corrections are no records of the stream, and no consumer ever gets them.
        const batch = kept.filter(({ position }) => !position.startsWith("adjustment:"));
        if (batch.length > 0) await invoke(ready, consumer, batch);
        records += batch.length;
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
  } finally {
    s3.destroy();
  }
  return records;
};

const consumerOf = async (ready: Ready): Promise<string> => {
  const { EventSourceMappings } = JSON.parse(await ask(ready, "lambda", "/2015-03-31/event-source-mappings/")) as {
    EventSourceMappings: { EventSourceArn: string; FunctionArn: string }[];
  };
  const mapping = EventSourceMappings.find(({ EventSourceArn }) => EventSourceArn.includes(":kinesis:"));
  if (mapping === undefined) throw new Error("Nobody consumes the stream.");
  return mapping.FunctionArn;
};

const invoke = async (ready: Ready, functionArn: string, batch: readonly Archived[]): Promise<void> => {
  const Records = batch.map(({ position, partition_key, arrived_at, text, data }) => ({
    eventID: position,
    eventName: "aws:kinesis:record",
    eventSource: "aws:kinesis",
    eventVersion: "1.0",
    awsRegion: ready.region,
    kinesis: {
      kinesisSchemaVersion: "1.0",
      partitionKey: partition_key,
      sequenceNumber: position.split(":")[1],
      approximateArrivalTimestamp: arrived_at / 1000,
      data: text === undefined ? data : Buffer.from(text).toString("base64"),
    },
  }));
  // A payload has a limit of 6 MB; records that unpacked to more go one by one.
  for (let at = 0; at < Records.length; at += 500) {
    const path = `/2015-03-31/functions/${encodeURIComponent(functionArn)}/invocations`;
    const body = JSON.stringify({ Records: Records.slice(at, at + 500) });
    const answer = JSON.parse(await ask(ready, "lambda", path, { method: "POST", body })) as {
      batchItemFailures?: unknown[];
    };
    if (answer.batchItemFailures?.length !== 0) throw new Error(`The replay failed: ${JSON.stringify(answer)}`);
  }
};
