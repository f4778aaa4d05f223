import { z } from "zod";
import { eventTypes } from "../events.ts";
import { idOf, prefixes } from "../ids.ts";
import { Instant } from "../time.ts";
import { WebhookId } from "./webhook.ts";

export const DeliveryId = idOf("delivery");

/** One request to a receiver. `error` says why there was no answer. What the receiver wrote is not kept. */
export const Attempt = z.strictObject({
  at: Instant,
  status_code: z.int().nullable(),
  error: z.string().nullable(),
  duration_ms: z.int().min(0),
});
export type Attempt = z.infer<typeof Attempt>;

/** One event on its way to one webhook. */
export const Delivery = z.strictObject({
  id: DeliveryId,
  webhook_id: WebhookId,
  event_id: z.string(),
  event_type: z.enum(eventTypes),
  status: z.enum(["pending", "succeeded", "failed"]),
  attempts: z.array(Attempt),
  next_attempt_at: Instant.nullable(),
  created_at: Instant,
  updated_at: Instant,
});
export type Delivery = z.infer<typeof Delivery>;

/** The event's own: an event that comes twice finds the delivery it made before. Unique within a webhook. */
export const deliveryIdOf = (eventId: string): string => `${prefixes.delivery}_${eventId.split("_").at(-1)}`;
