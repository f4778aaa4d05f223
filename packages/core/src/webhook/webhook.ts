import { z } from "zod";
import { eventTypes } from "../events.ts";
import { idOf, TenantId } from "../ids.ts";
import { Instant } from "../time.ts";

export const WebhookId = idOf("webhook");

/** `gone`: the receiver answered 410. `failing`: nothing could be delivered for days. */
export const disabledReasons = ["gone", "failing"] as const;
export type DisabledReason = (typeof disabledReasons)[number];

/** A URL that is told of events. Its secret is kept elsewhere and shown once, when it is made. */
export const Webhook = z.strictObject({
  id: WebhookId,
  url: z.string(),
  description: z.string().nullable(),
  event_types: z.array(z.enum(eventTypes)),
  /** Only events on this tenant; null for those on every tenant. */
  tenant_id: TenantId.nullable(),
  status: z.enum(["enabled", "disabled"]),
  disabled_reason: z.enum(disabledReasons).nullable(),
  /** Since when every attempt has failed. */
  failing_since: Instant.nullable(),
  created_at: Instant,
  updated_at: Instant,
});
export type Webhook = z.infer<typeof Webhook>;

/** What a subscriber may ask for. Whether the URL may be called is decided when it has been resolved. */
export const CreateWebhook = z.strictObject({
  url: z.string().min(1, "must not be empty").max(2048, "must have at most 2048 characters"),
  event_types: z
    .array(z.enum(eventTypes))
    .min(1, "must name an event type")
    .max(eventTypes.length)
    .refine((types) => new Set(types).size === types.length, "must not name an event type twice"),
  tenant_id: TenantId.optional(),
  description: z.string().max(200, "must have at most 200 characters").optional(),
});
export type CreateWebhook = z.infer<typeof CreateWebhook>;

/** Whether a webhook is to be told of this event. */
export const wants = (webhook: Webhook, event: { readonly type: string; readonly subject: string }): boolean =>
  webhook.status === "enabled" &&
  (webhook.event_types as readonly string[]).includes(event.type) &&
  (webhook.tenant_id === null || webhook.tenant_id === event.subject);
