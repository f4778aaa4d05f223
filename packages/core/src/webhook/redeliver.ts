import { authorise } from "../access/authorise.ts";
import { platformOrg } from "../access/policy.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import { type Delivery, DeliveryId } from "./delivery.ts";
import { loadWebhook } from "./get.ts";
import type { WebhookPorts } from "./ports.ts";

/**
 * Sends an event again, at once and with all retries, whether or not it arrived before.
 *
 * @throws Problem `webhook-not-found`, `webhook-delivery-not-found`; `state-conflict` while the webhook is disabled or
 *   an attempt is being made; `unavailable` when the attempt could not be queued: ask again.
 */
export const redeliverWebhook =
  (ports: Pick<WebhookPorts, "webhooks" | "deliveries" | "queue" | "clock" | "newId">) =>
  async (ctx: Context, input: { webhookId: string; deliveryId: string }): Promise<Delivery> => {
    authorise(ctx, "webhooks:manage");
    const webhook = await loadWebhook(ports, input.webhookId);
    const find = () =>
      DeliveryId.safeParse(input.deliveryId).success ? ports.deliveries.get(webhook.id, input.deliveryId) : null;
    const delivery = await find();
    if (delivery === null)
      throw new Problem("webhook-delivery-not-found", `The webhook has no delivery ${input.deliveryId}.`);
    if (webhook.status === "disabled") throw new Problem("state-conflict", `The webhook ${webhook.id} is disabled.`);
    const at = ports.clock().toISOString();
    const begun: Delivery = { ...delivery, status: "pending", next_attempt_at: at, updated_at: at };
    const audit = auditEntry(ports, ctx, {
      action: "webhook.redeliver",
      tenantId: webhook.tenant_id ?? platformOrg,
      before: summary(delivery),
      after: summary(begun),
    });
    const restarted = await ports.deliveries.restart(webhook.id, delivery.id, at, { audit, events: [] });
    if (restarted === null) throw new Problem("state-conflict", "An attempt is being made: look at its outcome first.");
    const job = { webhook_id: webhook.id, delivery_id: delivery.id, turn: restarted.turn };
    await ports.queue.send(job, 0).catch((cause: unknown) => {
      throw new Problem("unavailable", "The attempt could not be queued. Ask again.", { cause });
    });
    return begun;
  };

/** What the audit trail has of a delivery. */
const summary = ({ id, webhook_id, event_id, status, next_attempt_at }: Delivery) => ({
  webhook_id,
  delivery_id: id,
  event_id,
  status,
  next_attempt_at,
});
