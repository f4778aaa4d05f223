import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from "aws-lambda";
import { errorFields, log } from "./log.ts";

/**
 * A Lambda handler behind a DynamoDB stream with `ReportBatchItemFailures`, for changes that may be handled together and
 * in any order. The first that fails is named, and comes again with all that follow it.
 *
 * @param read what a change is about by the keys of its item, or undefined to pass it over
 * @param handle takes all of a batch, and tells the places of those that failed
 */
export const changes =
  <T>(
    name: string,
    read: (keys: { readonly pk: string; readonly sk: string }) => T | undefined,
    handle: (
      items: readonly T[],
    ) => Promise<{ readonly failed: readonly number[]; readonly errors: readonly unknown[] }>,
  ) =>
  async ({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    const found = Records.flatMap(({ dynamodb }) => {
      const item = read({ pk: dynamodb?.Keys?.["pk"]?.S ?? "", sk: dynamodb?.Keys?.["sk"]?.S ?? "" });
      return item === undefined ? [] : [{ item, sequence: dynamodb?.SequenceNumber ?? "" }];
    });
    const { failed, errors } = await handle(found.map(({ item }) => item));
    log("info", "changes", { operation: name, records: Records.length, failures: failed.length });
    for (const error of errors) log("error", "change failed", { operation: name, ...errorFields(error) });
    const first = found.find((_, place) => failed.includes(place));
    return { batchItemFailures: first === undefined ? [] : [{ itemIdentifier: first.sequence }] };
  };
