import { webhookOperations } from "@tenantry/contract/webhook-operations";
import { http } from "@tenantry/lambda/http";
import { paged } from "./app.ts";
import { webhooks } from "./webhook-app.ts";

export const handler = http(webhookOperations.listWebhookDeliveries, async ({ ctx, params, query }) => {
  const webhookId = params.webhook_id;
  const listing = { list: "webhook-deliveries", filter: { webhookId } };
  return { body: await paged(listing, query, (page) => webhooks.deliveries(ctx, { webhookId }, page)) };
});
