import { webhookOperations } from "@tenantry/contract/webhook-operations";
import { post } from "./post.ts";
import { webhooks } from "./webhook-app.ts";

export const handler = post(webhookOperations.rotateWebhookSecret, async ({ ctx, params, body }) => {
  const input = { webhookId: params.webhook_id, overlapSeconds: body.overlap_seconds };
  const { webhook, secret, previousUntil } = await webhooks.rotateSecret(ctx, input);
  return { body: { ...webhook, secret, previous_secrets_until: previousUntil } };
});
