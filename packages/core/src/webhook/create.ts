import { platformOrg } from "../access/policy.ts";
import { authorise } from "../access/authorise.ts";
import type { AuditedChange } from "../audit/actions.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { type KeyedRequest, madeBy, type Makings, makingOf } from "../idempotency.ts";
import { Problem } from "../problem.ts";
import type { WebhookPorts } from "./ports.ts";
import type { CreateWebhook, Webhook } from "./webhook.ts";

/**
 * Subscribes a URL to events. The secret is in this answer and never again.
 *
 * @param request made it before if it died before it was answered: it then gets the webhook with its secret
 * @throws Problem `state-conflict` for a webhook made so that is gone; `idempotency-key-reused`; `webhook-url-refused` for a URL that is not https or leads to a private address; `tenant-not-found`.
 */
export const createWebhook =
  (
    ports: Pick<WebhookPorts, "registry" | "webhooks" | "secrets" | "receivers" | "clock" | "newId"> & {
      makings: Makings;
    },
  ) =>
  async (ctx: Context, input: CreateWebhook, request?: KeyedRequest): Promise<{ webhook: Webhook; secret: string }> => {
    authorise(ctx, "webhooks:manage");
    const made = await madeBy(ports.makings, request);
    if (made !== null) return again(ports, made);
    const { url, event_types, tenant_id, description } = input;
    const refusal = await ports.receivers.refusal(url);
    if (refusal !== null)
      throw new Problem("webhook-url-refused", `The URL ${refusal}.`, {
        errors: [{ pointer: "/url", detail: refusal }],
      });
    if (tenant_id !== undefined && (await ports.registry.getTenant(tenant_id)) === null)
      throw new Problem("tenant-not-found", `There is no tenant ${tenant_id}.`);
    const at = ports.clock().toISOString();
    const webhook: Webhook = {
      id: ports.newId("webhook"),
      url: new URL(url).href,
      description: description ?? null,
      event_types,
      tenant_id: tenant_id ?? null,
      status: "enabled",
      disabled_reason: null,
      failing_since: null,
      created_at: at,
      updated_at: at,
    };
    // The secret first: a webhook is never without one. What fails after leaves a secret that nothing refers to.
    const secret = await ports.secrets.create(webhook.id);
    try {
      const change: AuditedChange = {
        action: "webhook.create",
        tenantId: webhook.tenant_id ?? platformOrg,
        after: summary(webhook),
      };
      await ports.webhooks.create(webhook, {
        audit: auditEntry(ports, ctx, change),
        events: [],
        making: makingOf(request, webhook.id),
      });
    } catch (error) {
      await ports.secrets.remove(webhook.id).catch(() => undefined);
      throw error;
    }
    return { webhook, secret };
  };

const again = async (
  { webhooks, secrets, clock }: Pick<WebhookPorts, "webhooks" | "secrets" | "clock">,
  id: string,
): Promise<{ webhook: Webhook; secret: string }> => {
  const webhook = await webhooks.get(id);
  const [secret] = (await secrets.read(id, clock().toISOString())) ?? [];
  if (webhook === null || secret === undefined)
    throw new Problem("state-conflict", `This request made the webhook ${id}, which is gone. Use another key.`);
  return { webhook, secret };
};

/** A webhook as the audit trail shows it. A URL's path and query may hold a credential; its origin does not. */
export const summary = ({ id, url, event_types, tenant_id }: Webhook) => ({
  webhook_id: id,
  origin: new URL(url).origin,
  event_types,
  tenant_id,
});
