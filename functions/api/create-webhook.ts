import { webhookOperations } from "@tenantry/contract/webhook-operations";
import { post } from "./post.ts";
import { webhooks } from "./webhook-app.ts";

export const handler = post(webhookOperations.createWebhook, async ({ ctx, body, root, keyed }) => {
  const { webhook, secret } = await webhooks.create(ctx, body, keyed);
  return { body: { ...webhook, secret }, headers: { location: `${root}/admin/webhooks/${webhook.id}` } };
});
