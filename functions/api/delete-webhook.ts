import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { webhooks } from "./webhook-app.ts";

export const handler = http(operations.deleteWebhook, async ({ ctx, params }) => ({
  body: await webhooks.delete(ctx, { webhookId: params.webhook_id }),
}));
