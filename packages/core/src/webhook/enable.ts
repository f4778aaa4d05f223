import { authorise } from "../access/authorise.ts";
import { platformOrg } from "../access/policy.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { loadWebhook } from "./get.ts";
import type { WebhookPorts } from "./ports.ts";
import type { Webhook } from "./webhook.ts";

/**
 * Sends events to a disabled webhook again: those from now on. One that is enabled stays as it is.
 *
 * @throws Problem `webhook-not-found`
 */
export const enableWebhook =
  (ports: Pick<WebhookPorts, "webhooks" | "clock" | "newId">) =>
  async (ctx: Context, input: { webhookId: string }): Promise<Webhook> => {
    authorise(ctx, "webhooks:manage");
    const webhook = await loadWebhook(ports, input.webhookId);
    if (webhook.status === "enabled") return webhook;
    const audit = auditEntry(ports, ctx, {
      action: "webhook.enable",
      tenantId: webhook.tenant_id ?? platformOrg,
      before: { status: webhook.status, disabled_reason: webhook.disabled_reason },
      after: { status: "enabled" },
    });
    const enabled = await ports.webhooks.enable(webhook.id, ports.clock().toISOString(), { audit, events: [] });
    // Somebody else was faster, whatever they did.
    return enabled ?? loadWebhook(ports, webhook.id);
  };
