import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { WebhookQueue } from "@tenantry/core/webhook/ports";

/** What SQS holds a message back at most. A job that comes before its time is sent again. */
const longestDelay = 900;

/** Jobs on an SQS queue. */
export const sqsWebhookQueue = (queueUrl: string, client = new SQSClient({})): WebhookQueue => ({
  async send(job, delaySeconds) {
    await client.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: JSON.stringify(job),
        DelaySeconds: Math.min(Math.max(Math.ceil(delaySeconds), 0), longestDelay),
      }),
    );
  },
});
