import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  InvalidArgumentException,
  KinesisClient,
  ResourceNotFoundException,
} from "@aws-sdk/client-kinesis";
import type { StoredRecord } from "@tenantry/core/usage/quarantine-entry";
import type { UsageStreamReader } from "@tenantry/core/usage/recover-batch";

/** Reads a Kinesis stream without its consumer's position. */
export const kinesisUsageStream = (stream: string, kinesis = new KinesisClient({})): UsageStreamReader => {
  /** Undefined where the stream has forgotten the record, or the shard. */
  const iteratorAt = async (shard: string, sequence: string): Promise<string | undefined> => {
    const command = new GetShardIteratorCommand({
      StreamName: stream,
      ShardId: shard,
      ShardIteratorType: "AT_SEQUENCE_NUMBER",
      StartingSequenceNumber: sequence,
    });
    try {
      return (await kinesis.send(command)).ShardIterator;
    } catch (error) {
      if (error instanceof InvalidArgumentException || error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  };

  return {
    async between(shard, first, last) {
      const found: StoredRecord[] = [];
      const end = BigInt(last);
      let iterator = await iteratorAt(shard, first);
      while (iterator !== undefined) {
        const page = await kinesis.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 10_000 }));
        const { Records = [], MillisBehindLatest = 0 } = page;
        for (const { SequenceNumber = "", PartitionKey = "", ApproximateArrivalTimestamp, Data } of Records) {
          const sequence = BigInt(SequenceNumber);
          if (sequence > end) return found;
          found.push({
            position: `${shard}:${SequenceNumber}`,
            partition_key: PartitionKey,
            arrived_at: ApproximateArrivalTimestamp?.getTime() ?? 0,
            data: Buffer.from(Data ?? []).toString("base64"),
          });
          if (sequence === end) return found;
        }
        if (Records.length === 0 && MillisBehindLatest === 0) return found;
        iterator = page.NextShardIterator;
      }
      return found;
    },
  };
};
