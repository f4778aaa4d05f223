import { webhookOperations } from "@tenantry/contract/webhook-operations";
import { post } from "./post.ts";
import { webhooks } from "./webhook-app.ts";

export const handler = post(webhookOperations.redeliverWebhook, async ({ ctx, params }) => ({
  body: await webhooks.redeliver(ctx, { webhookId: params.webhook_id, deliveryId: params.delivery_id }),
}));
