import { eventTypes } from "@tenantry/core/events";
import { alarm } from "./alarms";
import { bus } from "./events";
import { allow } from "./functions";
import { webhookAllowedHosts } from "./settings";
import { controlTable, indexesOf } from "./tables";

const folder = `${$app.name}/${$app.stage}/webhooks`;

/** The signing secrets, one for each webhook. */
export const webhookSecretsArn = $interpolate`arn:aws:secretsmanager:${aws.getRegionOutput().region}:${aws.getCallerIdentityOutput().accountId}:secret:${folder}/*`;

// What could not be worked on at all, such as in an outage of the table; a delivery that fails is not among it.
const failures = new sst.aws.Queue("WebhookFailures", {
  transform: { queue: { messageRetentionSeconds: 1_209_600 } },
});

alarm("WebhookFailuresAlarm", {
  says: "Events or webhook deliveries were set aside: docs/webhooks.md tells how to take them up again.",
  metric: "AWS/SQS ApproximateNumberOfMessagesVisible",
  dimensions: { QueueName: failures.nodes.queue.name },
  statistic: "Maximum",
});

/** Events that have not been fanned out. A function that EventBridge calls itself would lose one after its third failure. */
const events = new sst.aws.Queue("WebhookEvents", {
  // Six times the function's time limit, as Lambda would have it.
  visibilityTimeout: "2 minutes",
  dlq: { queue: failures.arn, retry: 20 },
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

// Made by hand, as the component's policy lets rules of any account send: whoever can send here speaks to all receivers.
const rule = new aws.cloudwatch.EventRule("FanOutWebhooks", {
  description: "Events that webhooks may want",
  eventBusName: bus.name,
  eventPattern: JSON.stringify({ source: ["tenantry"], "detail-type": eventTypes }),
});

const admitted = [events, failures].map(
  (queue, at) =>
    new aws.sqs.QueuePolicy(at === 0 ? "WebhookEventsPolicy" : "WebhookFailuresPolicy", {
      queueUrl: queue.url,
      policy: $jsonStringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Service: "events.amazonaws.com" },
            Action: "sqs:SendMessage",
            Resource: queue.arn,
            Condition: { ArnEquals: { "aws:SourceArn": rule.arn } },
          },
        ],
      }),
    }),
);

new aws.cloudwatch.EventTarget(
  "FanOutWebhooksTarget",
  {
    rule: rule.name,
    eventBusName: bus.name,
    arn: events.arn,
    deadLetterConfig: { arn: failures.arn },
    retryPolicy: { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 },
  },
  { dependsOn: admitted },
);

events.subscribe(
  {
    handler: "functions/triggers/fan-out-webhooks.handler",
    timeout: "20 seconds",
    environment: { ...registry, ...webhookSettings.queue },
    permissions: [
      allow(["dynamodb:Query"], indexesOf(controlTable)),
      allow(["dynamodb:PutItem"], controlTable.arn),
      send,
    ],
  },
  { batch: { size: 10, partialResponses: true } },
);

// A job can be lost where a delivery is not: it is queued after the delivery was written.
new sst.aws.CronV2("SweepDeliveries", {
  schedule: "rate(5 minutes)",
  function: {
    handler: "functions/triggers/sweep-deliveries.handler",
    timeout: "2 minutes",
    environment: { ...registry, ...webhookSettings.queue },
    permissions: [
      allow(["dynamodb:Query"], indexesOf(controlTable)),
      allow(["dynamodb:UpdateItem"], controlTable.arn),
      send,
    ],
  },
});

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
