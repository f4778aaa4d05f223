import { setting, optionalSetting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { newId } from "@tenantry/aws/new-id";
import { dynamoWebhookDeliveries } from "@tenantry/aws/webhook-deliveries";
import { sqsWebhookQueue } from "@tenantry/aws/webhook-queue";
import { webhookReceivers } from "@tenantry/aws/webhook-receivers";
import { webhookSecrets } from "@tenantry/aws/webhook-secrets";
import { dynamoWebhooks } from "@tenantry/aws/webhooks";

const client = documents();
const table = setting("CONTROL_TABLE");

/** What both sides of the queue need. */
export const webhooks = {
  webhooks: dynamoWebhooks(client, table),
  deliveries: dynamoWebhookDeliveries(client, table),
  queue: sqsWebhookQueue(setting("WEBHOOK_QUEUE")),
  clock: () => new Date(),
};

/** What the sending side needs besides. */
export const sending = () => ({
  ...webhooks,
  secrets: webhookSecrets(setting("WEBHOOK_SECRETS")),
  receivers: webhookReceivers({ allowed: optionalSetting("WEBHOOK_ALLOWED_HOSTS")?.split(",") ?? [] }),
  newId,
  random: Math.random,
});
