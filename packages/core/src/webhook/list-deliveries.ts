import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import type { Page, PageRequest } from "../ports.ts";
import type { Delivery } from "./delivery.ts";
import { loadWebhook } from "./get.ts";
import type { WebhookPorts } from "./ports.ts";

/**
 * The log of a webhook's deliveries, the newest event first.
 *
 * @throws Problem `webhook-not-found`
 */
export const listWebhookDeliveries =
  (ports: Pick<WebhookPorts, "webhooks" | "deliveries">) =>
  async (ctx: Context, input: { webhookId: string }, page: PageRequest): Promise<Page<Delivery>> => {
    authorise(ctx, "webhooks:read");
    const { id } = await loadWebhook(ports, input.webhookId);
    return ports.deliveries.list(id, page);
  };
