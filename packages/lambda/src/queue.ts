import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import type { z } from "zod";
import { errorFields, log } from "./log.ts";

/**
 * A Lambda handler behind an SQS queue with `ReportBatchItemFailures`. The messages of a batch are worked on at once;
 * one whose verb throws comes again. What the verb returns is logged as the outcome.
 */
export const queue =
  <Job extends Readonly<Record<string, unknown>>>(
    name: string,
    schema: z.ZodType<Job>,
    verb: (job: Job) => Promise<string>,
  ) =>
  async ({ Records }: SQSEvent): Promise<SQSBatchResponse> => {
    const failed = await Promise.all(
      Records.map(async ({ messageId, body }) => {
        const since = performance.now();
        const fields = () => ({
          operation: name,
          message_id: messageId,
          duration_ms: Math.round(performance.now() - since),
        });
        try {
          const job = schema.parse(JSON.parse(body));
          log("info", "job", { ...job, outcome: await verb(job), ...fields() });
          return [];
        } catch (error) {
          log("error", "job failed", { ...fields(), ...errorFields(error) });
          return [{ itemIdentifier: messageId }];
        }
      }),
    );
    return { batchItemFailures: failed.flat() };
  };
