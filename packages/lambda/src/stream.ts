import compose, { type MiddlewareObj } from "@middy/core";
import type { MeterOutcome } from "@tenantry/core/usage/meter-usage";
import type { IncomingRecord } from "@tenantry/core/usage/ports";
import type { KinesisStreamBatchResponse, KinesisStreamEvent } from "aws-lambda";
import { errorFields, log } from "./log.ts";
import { countQuarantined } from "./metric.ts";
import { incomingBatch } from "./stream-record.ts";

/**
 * A Lambda handler behind a Kinesis stream with `ReportBatchItemFailures`. It answers with the first record that must
 * come again: Kinesis then delivers that one and all after it, however they fared. When the verb throws, everything
 * comes again.
 */
export const stream = (name: string, verb: (records: readonly IncomingRecord[]) => Promise<MeterOutcome>) =>
  compose<KinesisStreamEvent, KinesisStreamBatchResponse>()
    .use(failureLog(name))
    .handler(async (event: KinesisStreamEvent, context): Promise<KinesisStreamBatchResponse> => {
      const since = performance.now();
      const batch = incomingBatch(event.Records);
      const outcome = await verb(batch);
      // Past the end of the batch there is nothing, or what was left for the next invocation.
      const failed = event.Records[outcome.failedFrom ?? batch.length];
      log(outcome.errors.length > 0 ? "error" : outcome.rejected > 0 ? "warn" : "info", "batch", {
        request_id: context.awsRequestId,
        operation: name,
        shard: event.Records[0]?.eventID.split(":")[0],
        records: batch.length,
        left: event.Records.length - batch.length,
        counted: outcome.counted,
        duplicates: outcome.duplicates,
        rejected: outcome.rejected,
        failed_from: failed?.kinesis.sequenceNumber,
        failures: outcome.errors.length,
        duration_ms: Math.round(performance.now() - since),
        ...(outcome.errors.length > 0 ? errorFields(outcome.errors[0]) : {}),
      });
      countQuarantined(outcome.quarantined, context.functionName);
      return { batchItemFailures: failed === undefined ? [] : [{ itemIdentifier: failed.kinesis.sequenceNumber }] };
    });

const failureLog = (name: string): MiddlewareObj<KinesisStreamEvent, KinesisStreamBatchResponse> => ({
  onError: ({ event, context, error }) =>
    log("error", "batch failed", {
      request_id: context.awsRequestId,
      operation: name,
      shard: event.Records[0]?.eventID.split(":")[0],
      records: event.Records.length,
      ...errorFields(error),
    }),
});
