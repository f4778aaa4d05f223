import { eventTypes } from "@tenantry/core/events";
import { bus } from "./events";
import { allow } from "./functions";
import { webhookAllowedHosts } from "./settings";
import { controlTable, indexesOf } from "./tables";

const folder = `${$app.name}/${$app.stage}/webhooks`;

/** The signing secrets, one for each webhook. */
export const webhookSecretsArn = $interpolate`arn:aws:secretsmanager:${aws.getRegionOutput().region}:${aws.getCallerIdentityOutput().accountId}:secret:${folder}/*`;

// Jobs that could not be worked on at all, such as in an outage of the table; a delivery that fails is not among them.
const failures = new sst.aws.Queue("WebhookFailures", {
  transform: { queue: { messageRetentionSeconds: 1_209_600 } },
});

/** Attempts to come: what is due and what waits for its retry. */
export const webhookQueue = new sst.aws.Queue("Webhooks", {
  // Longer than a worker's claim to a delivery, which outlasts its function's time limit.
  visibilityTimeout: "1 minute",
  dlq: { queue: failures.arn, retry: 5 },
});

/** What a function needs to look at URLs, to keep secrets and to queue attempts. */
export const webhookSettings = {
  secrets: { WEBHOOK_SECRETS: folder },
  queue: { WEBHOOK_QUEUE: webhookQueue.url },
  receivers: { WEBHOOK_ALLOWED_HOSTS: webhookAllowedHosts },
};

const registry = { CONTROL_TABLE: controlTable.name };
const send = allow(["sqs:SendMessage"], webhookQueue.arn);

bus.subscribe(
  "FanOutWebhooks",
  {
    handler: "functions/triggers/fan-out-webhooks.handler",
    timeout: "1 minute",
    environment: { ...registry, ...webhookSettings.queue },
    permissions: [
      allow(["dynamodb:Query"], indexesOf(controlTable)),
      allow(["dynamodb:PutItem"], controlTable.arn),
      send,
    ],
  },
  { pattern: { source: ["tenantry"], detailType: [...eventTypes] } },
);

webhookQueue.subscribe(
  {
    handler: "functions/triggers/deliver-webhooks.handler",
    timeout: "20 seconds",
    environment: { ...registry, ...webhookSettings.secrets, ...webhookSettings.queue, ...webhookSettings.receivers },
    permissions: [
      allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], controlTable.arn),
      allow(["secretsmanager:GetSecretValue"], webhookSecretsArn),
      send,
    ],
  },
  { batch: { size: 10, partialResponses: true } },
);
