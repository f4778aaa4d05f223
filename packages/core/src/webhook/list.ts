import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import type { Page, PageRequest } from "../ports.ts";
import type { WebhookPorts } from "./ports.ts";
import type { Webhook } from "./webhook.ts";

/** Webhooks, the newest first. */
export const listWebhooks =
  (ports: Pick<WebhookPorts, "webhooks">) =>
  async (ctx: Context, page: PageRequest): Promise<Page<Webhook>> => {
    authorise(ctx, "webhooks:read");
    return ports.webhooks.list(page);
  };
