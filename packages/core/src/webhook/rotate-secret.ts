import { authorise } from "../access/authorise.ts";
import { platformOrg } from "../access/policy.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import { loadWebhook, webhookNotFound } from "./get.ts";
import type { WebhookPorts } from "./ports.ts";
import type { Webhook } from "./webhook.ts";

type Rotated = { readonly webhook: Webhook; readonly secret: string; readonly previousUntil: string };

/**
 * Replaces a webhook's secret. Those of before sign beside the new one for `overlapSeconds`, so that a receiver has time
 * to change; with 0 they are worthless at once. The new secret is in this answer and never again.
 *
 * @throws Problem `webhook-not-found`; `state-conflict` when two rotations meet.
 */
export const rotateWebhookSecret =
  (ports: Pick<WebhookPorts, "webhooks" | "secrets" | "clock" | "newId">) =>
  async (ctx: Context, input: { webhookId: string; overlapSeconds: number }): Promise<Rotated> => {
    authorise(ctx, "webhooks:manage");
    const webhook = await loadWebhook(ports, input.webhookId);
    const now = ports.clock();
    const at = now.toISOString();
    const previousUntil = new Date(now.getTime() + input.overlapSeconds * 1000).toISOString();
    const audit = auditEntry(ports, ctx, {
      action: "webhook.rotate-secret",
      tenantId: webhook.tenant_id ?? platformOrg,
      after: { webhook_id: webhook.id, previous_until: previousUntil },
    });
    // The note first: what nobody knows of must not have happened.
    if (!(await ports.webhooks.note(webhook.id, at, { audit, events: [] }))) throw webhookNotFound(webhook.id);
    const secret = await ports.secrets.rotate(webhook.id, at, previousUntil);
    if (secret === null) throw new Problem("state-conflict", "The secret is being replaced by another request.");
    return { webhook: { ...webhook, updated_at: at }, secret, previousUntil };
  };
