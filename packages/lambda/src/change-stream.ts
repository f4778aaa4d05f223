import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import { errorFields, log } from "./log.ts";

/**
 * A Lambda handler behind a DynamoDB stream with `ReportBatchItemFailures`: one record after the other. The first that
 * fails is named, and comes again with all that follow it. What `handle` returns goes into the log.
 */
export const inOrder =
  (name: string, handle: (record: DynamoDBRecord) => Promise<Readonly<Record<string, unknown>>>) =>
  async ({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    for (const record of Records) {
      const itemIdentifier = record.dynamodb?.SequenceNumber ?? "";
      try {
        log("info", "change", { operation: name, ...(await handle(record)) });
      } catch (error) {
        log("error", "change failed", { operation: name, sequence: itemIdentifier, ...errorFields(error) });
        return { batchItemFailures: [{ itemIdentifier }] };
      }
    }
    return { batchItemFailures: [] };
  };
