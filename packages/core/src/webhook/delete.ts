import { authorise } from "../access/authorise.ts";
import { platformOrg } from "../access/policy.ts";
import type { AuditedChange } from "../audit/actions.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { summary } from "./create.ts";
import { loadWebhook, webhookNotFound } from "./get.ts";
import type { WebhookPorts } from "./ports.ts";
import type { Webhook } from "./webhook.ts";

/**
 * Ends a subscription; what is still on its way to it is not sent. Returns the webhook as it was.
 *
 * @throws Problem `webhook-not-found`
 */
export const deleteWebhook =
  (ports: Pick<WebhookPorts, "webhooks" | "secrets" | "clock" | "newId">) =>
  async (ctx: Context, input: { webhookId: string }): Promise<Webhook> => {
    authorise(ctx, "webhooks:manage");
    const webhook = await loadWebhook(ports, input.webhookId);
    // The secret first: if the rest fails the webhook is still there to be deleted again, and nothing is left over.
    await ports.secrets.remove(webhook.id);
    const change: AuditedChange = {
      action: "webhook.delete",
      tenantId: webhook.tenant_id ?? platformOrg,
      before: summary(webhook),
    };
    const removed = await ports.webhooks.remove(webhook.id, { audit: auditEntry(ports, ctx, change), events: [] });
    if (!removed) throw webhookNotFound(webhook.id);
    return webhook;
  };
