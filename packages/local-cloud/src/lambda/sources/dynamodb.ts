import type { Host } from "../../part.ts";
import type { Aws } from "./aws.ts";
import type { Mapping } from "./mapping.ts";
import type { Position, Stream, StreamRecord } from "./stream.ts";

type ChangeRecord = {
  readonly eventID: string;
  readonly eventName: string;
  readonly dynamodb: {
    readonly Keys: unknown;
    readonly SequenceNumber: string;
    /** Seconds. */
    readonly ApproximateCreationDateTime: number;
    readonly SizeBytes?: number;
  };
};

type ChangeShard = {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  readonly SequenceNumberRange?: { readonly EndingSequenceNumber?: string };
};

const iteratorOf = (position: Position): object =>
  typeof position === "object" && "after" in position
    ? { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", SequenceNumber: position.after }
    : { ShardIteratorType: "TRIM_HORIZON" };

/** The changes of a table, by the stream that it has now: engines label theirs otherwise than the deployment foresaw. */
export const dynamoStream = (
  aws: Aws,
  mapping: Mapping,
  { region, writes }: Pick<Host, "region" | "writes">,
): Stream => {
  const TableName = mapping.sourceArn.split("/")[1] ?? "";
  const call = <T>(action: string, input: object, signal?: AbortSignal): Promise<T> =>
    aws.json<T>("dynamodb", action, input, signal);
  let known: string | undefined;
  const streamArn = async (): Promise<string> => {
    if (known !== undefined) return known;
    const { Table } = await aws.json<{ Table: { LatestStreamArn?: string } }>("dynamodb", "DescribeTable", {
      TableName,
    });
    if (!Table.LatestStreamArn) throw new Error(`The table ${TableName} has no stream.`);
    known = Table.LatestStreamArn;
    return known;
  };
  const recordOf = (record: ChangeRecord): StreamRecord => {
    const event = {
      ...record,
      eventVersion: "1.1",
      eventSource: "aws:dynamodb",
      awsRegion: region,
      eventSourceARN: mapping.sourceArn,
    };
    return {
      sequence: record.dynamodb.SequenceNumber,
      key: JSON.stringify(record.dynamodb.Keys),
      arrival: record.dynamodb.ApproximateCreationDateTime * 1000,
      size: JSON.stringify(event).length,
      event,
      view: event,
    };
  };
  return {
    batchInfo: "DDBStreamBatchInfo",
    written: writes.watch(TableName),
    async shards() {
      const { StreamDescription } = await call<{ StreamDescription: { Shards: ChangeShard[] } }>("DescribeStream", {
        StreamArn: await streamArn(),
      });
      return StreamDescription.Shards.map((shard) => ({
        id: shard.ShardId,
        parents: shard.ParentShardId === undefined ? [] : [shard.ParentShardId],
        closed: (shard.SequenceNumberRange?.EndingSequenceNumber ?? null) !== null,
      }));
    },
    async iterator(shard, position) {
      const { ShardIterator } = await call<{ ShardIterator: string }>("GetShardIterator", {
        StreamArn: await streamArn(),
        ShardId: shard,
        ...iteratorOf(position),
      });
      return ShardIterator;
    },
    async read(iterator, signal) {
      const page = await call<{ Records: ChangeRecord[]; NextShardIterator?: string | null }>(
        "GetRecords",
        { ShardIterator: iterator, Limit: 1000 },
        signal,
      );
      return {
        records: page.Records.map((record) => recordOf(record)),
        ...(page.NextShardIterator ? { next: page.NextShardIterator } : {}),
      };
    },
  };
};
