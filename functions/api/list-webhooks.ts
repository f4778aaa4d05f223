import { webhookOperations } from "@tenantry/contract/webhook-operations";
import { http } from "@tenantry/lambda/http";
import { paged } from "./app.ts";
import { webhooks } from "./webhook-app.ts";

export const handler = http(webhookOperations.listWebhooks, async ({ ctx, query }) => ({
  body: await paged({ list: "webhooks", filter: {} }, query, (page) => webhooks.list(ctx, page)),
}));
