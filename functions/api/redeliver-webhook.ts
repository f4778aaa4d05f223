import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { webhooks } from "./webhook-app.ts";

export const handler = http(operations.redeliverWebhook, async ({ ctx, params }) => ({
  body: await webhooks.redeliver(ctx, { webhookId: params.webhook_id, deliveryId: params.delivery_id }),
}));
