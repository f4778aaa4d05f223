import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { z } from "zod";
import { errorFields, log } from "./log.ts";

/** How often the message has come, this time with it, and who works on it. */
export type Delivery = { readonly attempt: number; readonly functionName: string };

/** A message that a rule of EventBridge put onto a queue. */
export const BusEvent = z.looseObject({ detail: z.unknown() });

/**
 * A Lambda handler behind an SQS queue with `ReportBatchItemFailures`. The messages of a batch are worked on at once;
 * one whose verb throws comes again. What the verb returns is logged: a text with the job
 * as its outcome, an object instead of the job, which may hold what no log should.
 */
export const queue =
  <Job extends Readonly<Record<string, unknown>>>(
    name: string,
    schema: z.ZodType<Job>,
    verb: (job: Job, delivery: Delivery) => Promise<string | Readonly<Record<string, unknown>>>,
  ) =>
  async ({ Records }: SQSEvent, { functionName }: Context): Promise<SQSBatchResponse> => {
    const failed = await Promise.all(
      Records.map(async ({ messageId, body, attributes }) => {
        const since = performance.now();
        const fields = () => ({
          operation: name,
          message_id: messageId,
          duration_ms: Math.round(performance.now() - since),
        });
        const delivery = { attempt: Number(attributes.ApproximateReceiveCount), functionName };
        try {
          const job = schema.parse(JSON.parse(body));
          const outcome = await verb(job, delivery);
          log("info", "job", { ...(typeof outcome === "string" ? { ...job, outcome } : outcome), ...fields() });
          return [];
        } catch (error) {
          log("error", "job failed", { ...fields(), ...errorFields(error) });
          return [{ itemIdentifier: messageId }];
        }
      }),
    );
    return { batchItemFailures: failed.flat() };
  };
