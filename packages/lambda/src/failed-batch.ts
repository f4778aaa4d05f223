import type { FailedBatch } from "@tenantry/core/usage/recover-batch";
import { z } from "zod";

const at = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

/** What Lambda sends to the failure destination of a Kinesis event source: where the batch stood, not what was in it. */
export const KinesisFailure = z
  .looseObject({
    KinesisBatchInfo: z.looseObject({
      shardId: z.string(),
      startSequenceNumber: z.string(),
      endSequenceNumber: z.string(),
      approximateArrivalOfFirstRecord: at,
      approximateArrivalOfLastRecord: at,
      batchSize: z.int(),
    }),
  })
  .transform(({ KinesisBatchInfo: info }): FailedBatch => ({
    shard: info.shardId,
    first: info.startSequenceNumber,
    last: info.endSequenceNumber,
    arrivedFrom: info.approximateArrivalOfFirstRecord,
    arrivedTo: info.approximateArrivalOfLastRecord,
    size: info.batchSize,
  }));
