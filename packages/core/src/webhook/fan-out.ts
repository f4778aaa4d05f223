import { z } from "zod";
import { eventTypes } from "../events.ts";
import { concurrently } from "../usage/concurrently.ts";
import { type Delivery, deliveryIdOf } from "./delivery.ts";
import type { WebhookPorts } from "./ports.ts";
import { type Webhook, wants } from "./webhook.ts";

/** As far as it decides who is told; the whole of it is what they are sent. */
const CloudEvent = z.looseObject({ id: z.string(), type: z.enum(eventTypes), subject: z.string() });

const pageSize = 100;
const atOnce = 10;

/**
 * Makes a delivery of an event for each webhook that wants it. Run again with the same event, it makes none twice.
 *
 * @throws Error when the event must come again.
 */
export const fanOutWebhooks =
  (ports: Pick<WebhookPorts, "webhooks" | "deliveries" | "queue" | "clock">) =>
  async (detail: unknown): Promise<{ event_id: string; deliveries: number }> => {
    const event = CloudEvent.parse(detail);
    const body = JSON.stringify(detail);
    const wanting = (await everyWebhook(ports)).filter((webhook) => wants(webhook, event));
    const at = ports.clock().toISOString();
    const failures = await concurrently(wanting, atOnce, async ({ id }) => {
      const delivery: Delivery = {
        id: deliveryIdOf(event.id),
        webhook_id: id,
        event_id: event.id,
        event_type: event.type,
        status: "pending",
        attempts: [],
        next_attempt_at: at,
        created_at: at,
        updated_at: at,
      };
      await ports.deliveries.add(delivery, body);
      await ports.queue.send({ webhook_id: id, delivery_id: delivery.id, turn: 0 }, 0);
    });
    if (failures.length > 0) throw failures[0]!.error;
    return { event_id: event.id, deliveries: wanting.length };
  };

const everyWebhook = async (ports: Pick<WebhookPorts, "webhooks">): Promise<Webhook[]> => {
  const all: Webhook[] = [];
  let after: string | null = null;
  do {
    const { items, next }: { items: readonly Webhook[]; next: string | null } = await ports.webhooks.list({
      limit: pageSize,
      after,
    });
    all.push(...items);
    after = next;
  } while (after !== null);
  return all;
};
