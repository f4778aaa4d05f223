import type { Host } from "../../part.ts";
import type { Aws } from "./aws.ts";
import type { Mapping } from "./mapping.ts";
import type { Position, Shard, Stream, StreamRecord } from "./stream.ts";

type KinesisRecord = {
  readonly Data: string;
  readonly PartitionKey: string;
  readonly SequenceNumber: string;
  /** Seconds. */
  readonly ApproximateArrivalTimestamp: number;
};

type KinesisShard = {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  readonly AdjacentParentShardId?: string;
  readonly SequenceNumberRange: { readonly EndingSequenceNumber?: string };
};

/** Filters see the data decoded: as JSON where it is JSON, as text otherwise. */
const decode = (data: string): unknown => {
  const text = Buffer.from(data, "base64").toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const iteratorOf = (position: Position): object => {
  if (position === "oldest") return { ShardIteratorType: "TRIM_HORIZON" };
  if ("after" in position) {
    return { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: position.after };
  }
  return { ShardIteratorType: "AT_TIMESTAMP", Timestamp: position.since / 1000 };
};

export const kinesisStream = (
  aws: Aws,
  mapping: Mapping,
  { region, writes }: Pick<Host, "region" | "writes">,
  role: () => string,
): Stream => {
  const StreamName = mapping.sourceArn.split("/").at(-1) ?? "";
  const call = <T>(action: string, input: object, signal?: AbortSignal): Promise<T> =>
    aws.json<T>("kinesis", action, input, signal);
  // Without filters nobody looks at the decoded data, so it is decoded on demand.
  const viewOf = (record: KinesisRecord): unknown => ({
    kinesisSchemaVersion: "1.0",
    partitionKey: record.PartitionKey,
    sequenceNumber: record.SequenceNumber,
    get data() {
      return decode(record.Data);
    },
  });
  const eventOf = (shard: string, record: KinesisRecord) => ({
    kinesis: {
      kinesisSchemaVersion: "1.0",
      partitionKey: record.PartitionKey,
      sequenceNumber: record.SequenceNumber,
      data: record.Data,
      approximateArrivalTimestamp: record.ApproximateArrivalTimestamp,
    },
    eventSource: "aws:kinesis",
    eventVersion: "1.0",
    eventID: `${shard}:${record.SequenceNumber}`,
    eventName: "aws:kinesis:record",
    invokeIdentityArn: role(),
    awsRegion: region,
    eventSourceARN: mapping.sourceArn,
  });
  /** What stands around the data and the key in an event: nearly the same for all records, so measured once. */
  let envelope: number | undefined;
  const recordOf = (shard: string, record: KinesisRecord): StreamRecord => {
    const event = eventOf(shard, record);
    envelope ??= JSON.stringify(event).length - record.Data.length - record.PartitionKey.length + 8;
    return {
      sequence: record.SequenceNumber,
      key: record.PartitionKey,
      arrival: record.ApproximateArrivalTimestamp * 1000,
      size: envelope + record.Data.length + Buffer.byteLength(record.PartitionKey),
      view: viewOf(record),
      event,
    };
  };
  return {
    batchInfo: "KinesisBatchInfo",
    written: writes.watch(StreamName),
    async shards() {
      const shards: Shard[] = [];
      let last: string | undefined;
      for (;;) {
        const { StreamDescription: page } = await call<{
          StreamDescription: { Shards: KinesisShard[]; HasMoreShards: boolean; StreamStatus: string };
        }>("DescribeStream", { StreamName, ...(last === undefined ? {} : { ExclusiveStartShardId: last }) });
        if (page.StreamStatus === "CREATING") throw new Error(`The stream ${StreamName} is being created.`);
        for (const shard of page.Shards) {
          shards.push({
            id: shard.ShardId,
            parents: [shard.ParentShardId, shard.AdjacentParentShardId].filter((parent) => parent !== undefined),
            closed: shard.SequenceNumberRange.EndingSequenceNumber !== undefined,
          });
        }
        if (!page.HasMoreShards) return shards;
        last = shards.at(-1)?.id;
      }
    },
    async iterator(shard, position) {
      const { ShardIterator } = await call<{ ShardIterator: string }>("GetShardIterator", {
        StreamName,
        ShardId: shard,
        ...iteratorOf(position),
      });
      return `${shard} ${ShardIterator}`;
    },
    async read(iterator, signal) {
      const [shard = "", ShardIterator] = iterator.split(" ");
      const page = await call<{ Records: KinesisRecord[]; NextShardIterator?: string | null }>(
        "GetRecords",
        { ShardIterator, Limit: 10_000 },
        signal,
      );
      return {
        records: page.Records.map((record) => recordOf(shard, record)),
        ...(page.NextShardIterator ? { next: `${shard} ${page.NextShardIterator}` } : {}),
      };
    },
  };
};
