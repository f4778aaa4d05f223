import { webhookOperations } from "@tenantry/contract/webhook-operations";
import { http } from "@tenantry/lambda/http";
import { webhooks } from "./webhook-app.ts";

export const handler = http(webhookOperations.deleteWebhook, async ({ ctx, params }) => ({
  body: await webhooks.delete(ctx, { webhookId: params.webhook_id }),
}));
