import { optionalSetting, setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoMakings } from "@tenantry/aws/makings";
import { newId } from "@tenantry/aws/new-id";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { dynamoWebhookDeliveries } from "@tenantry/aws/webhook-deliveries";
import { sqsWebhookQueue } from "@tenantry/aws/webhook-queue";
import { webhookReceivers } from "@tenantry/aws/webhook-receivers";
import { webhookSecrets } from "@tenantry/aws/webhook-secrets";
import { dynamoWebhooks } from "@tenantry/aws/webhooks";
import { createWebhook } from "@tenantry/core/webhook/create";
import { deleteWebhook } from "@tenantry/core/webhook/delete";
import { enableWebhook } from "@tenantry/core/webhook/enable";
import { getWebhook } from "@tenantry/core/webhook/get";
import { listWebhookDeliveries } from "@tenantry/core/webhook/list-deliveries";
import { listWebhooks } from "@tenantry/core/webhook/list";
import { redeliverWebhook } from "@tenantry/core/webhook/redeliver";
import { rotateWebhookSecret } from "@tenantry/core/webhook/rotate-secret";

const database = documents();
const table = setting("CONTROL_TABLE");

/** Each part that not every function has the settings for is made when it is first asked for. */
const ports = {
  registry: dynamoRegistry(database, table),
  makings: dynamoMakings(database, table),
  webhooks: dynamoWebhooks(database, table),
  deliveries: dynamoWebhookDeliveries(database, table),
  get secrets() {
    return webhookSecrets(setting("WEBHOOK_SECRETS"));
  },
  get queue() {
    return sqsWebhookQueue(setting("WEBHOOK_QUEUE"));
  },
  receivers: webhookReceivers({ allowed: optionalSetting("WEBHOOK_ALLOWED_HOSTS")?.split(",") ?? [] }),
  clock: () => new Date(),
  newId,
};

/** The composition root of the webhooks' part of the API. */
export const webhooks = {
  create: createWebhook(ports),
  list: listWebhooks(ports),
  get: getWebhook(ports),
  delete: deleteWebhook(ports),
  deliveries: listWebhookDeliveries(ports),
  enable: enableWebhook(ports),
  rotateSecret: rotateWebhookSecret(ports),
  redeliver: redeliverWebhook(ports),
};
