import { concurrently } from "@tenantry/core/usage/concurrently";
import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from "aws-lambda";
import { errorFields, log } from "./log.ts";

/** How many subjects are handled side by side. */
const width = 8;

/**
 * A Lambda handler behind a DynamoDB stream with `ReportBatchItemFailures`, where only what changed counts and not how:
 * each subject of a batch is handled once. The first change of one that fails is named, and comes again with all after it.
 *
 * @param subjectOf what a change is about, or undefined to pass it over
 */
export const bySubject =
  (
    name: string,
    subjectOf: (keys: NonNullable<NonNullable<DynamoDBRecord["dynamodb"]>["Keys"]>) => string | undefined,
    handle: (subject: string) => Promise<unknown>,
  ) =>
  async ({ Records }: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> => {
    const first = new Map<string, { readonly place: number; readonly sequence: string }>();
    for (const [place, { dynamodb }] of Records.entries()) {
      const subject = subjectOf(dynamodb?.Keys ?? {});
      if (subject !== undefined && !first.has(subject))
        first.set(subject, { place, sequence: dynamodb?.SequenceNumber ?? "" });
    }
    const failures = await concurrently([...first], width, async ([subject]) => {
      await handle(subject);
    });
    log(failures.length > 0 ? "error" : "info", "changes", {
      operation: name,
      records: Records.length,
      subjects: first.size,
      failures: failures.length,
      ...(failures.length > 0 ? errorFields(failures[0]?.error) : {}),
    });
    const [lowest] = failures.map(({ item }) => item[1]).toSorted((a, b) => a.place - b.place);
    return { batchItemFailures: lowest === undefined ? [] : [{ itemIdentifier: lowest.sequence }] };
  };
