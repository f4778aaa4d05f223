import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import type { WebhookPorts } from "./ports.ts";
import { type Webhook, WebhookId } from "./webhook.ts";

/** @throws Problem `webhook-not-found` */
export const getWebhook =
  (ports: Pick<WebhookPorts, "webhooks">) =>
  async (ctx: Context, input: { webhookId: string }): Promise<Webhook> => {
    authorise(ctx, "webhooks:read");
    return loadWebhook(ports, input.webhookId);
  };

/** @throws Problem `webhook-not-found` */
export const loadWebhook = async (ports: Pick<WebhookPorts, "webhooks">, id: string): Promise<Webhook> => {
  const webhook = WebhookId.safeParse(id).success ? await ports.webhooks.get(id) : null;
  if (webhook === null) throw webhookNotFound(id);
  return webhook;
};

export const webhookNotFound = (id: string) => new Problem("webhook-not-found", `There is no webhook ${id}.`);
