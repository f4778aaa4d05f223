import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { paged } from "./app.ts";
import { webhooks } from "./webhook-app.ts";

export const handler = http(operations.listWebhookDeliveries, async ({ ctx, params, query }) => {
  const webhookId = params.webhook_id;
  const listing = { list: "webhook-deliveries", filter: { webhookId } };
  return { body: await paged(listing, query, (page) => webhooks.deliveries(ctx, { webhookId }, page)) };
});
