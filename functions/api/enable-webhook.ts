import { webhookOperations } from "@tenantry/contract/webhook-operations";
import { post } from "./post.ts";
import { webhooks } from "./webhook-app.ts";

export const handler = post(webhookOperations.enableWebhook, async ({ ctx, params }) => ({
  body: await webhooks.enable(ctx, { webhookId: params.webhook_id }),
}));
