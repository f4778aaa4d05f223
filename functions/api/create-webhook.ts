import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { webhooks } from "./webhook-app.ts";

export const handler = http(operations.createWebhook, async ({ ctx, body, root }) => {
  const { webhook, secret } = await webhooks.create(ctx, body);
  return { body: { ...webhook, secret }, headers: { location: `${root}/admin/webhooks/${webhook.id}` } };
});
