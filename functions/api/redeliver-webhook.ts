import { operations } from "@tenantry/contract/operations";
import { post } from "./post.ts";
import { webhooks } from "./webhook-app.ts";

export const handler = post(operations.redeliverWebhook, async ({ ctx, params }) => ({
  body: await webhooks.redeliver(ctx, { webhookId: params.webhook_id, deliveryId: params.delivery_id }),
}));
