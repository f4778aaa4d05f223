import { Delivery as CoreDelivery } from "@tenantry/core/webhook/delivery";
import { overlapSeconds } from "@tenantry/core/webhook/schedule";
import { Instant } from "@tenantry/core/time";
import { CreateWebhook, Webhook as CoreWebhook } from "@tenantry/core/webhook/webhook";
import { z } from "zod";
import { instantExample, tenantIdExample } from "./common.ts";

export const webhookIdExample = "whk_01JD5V8Q9C3E5G7J9M1P3R5T7V";
export const deliveryIdExample = "dlv_01JD5V8QA4F6H8K0N2Q4S6T8W0";

const webhookExample: z.infer<typeof CoreWebhook> = {
  id: webhookIdExample,
  url: "https://hooks.example.com/tenantry",
  description: "The billing system",
  event_types: ["tenant.activated.v1"],
  tenant_id: null,
  status: "enabled",
  disabled_reason: null,
  failing_since: null,
  created_at: instantExample,
  updated_at: instantExample,
};

export const Webhook = CoreWebhook.meta({
  id: "Webhook",
  description:
    "A URL that is told of events. It is disabled when it answers 410 (`gone`) and when nothing could be delivered for five days (`failing`).",
  example: webhookExample,
});

export const CreatedWebhook = z
  .strictObject({
    ...CoreWebhook.shape,
    secret: z.string().meta({ description: "Signs what is sent. It is shown here and never again." }),
  })
  .meta({
    id: "CreatedWebhook",
    description: "A webhook with its signing secret.",
    example: { ...webhookExample, secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=" },
  });

export const RotateWebhookSecretBody = z
  .strictObject({ overlap_seconds: z.int().min(0).max(overlapSeconds.most).default(overlapSeconds.usual) })
  .meta({
    id: "RotateWebhookSecret",
    description: `For how long the secrets of before go on signing: up to ${overlapSeconds.most} seconds, ${overlapSeconds.usual} if not given. 0 ends them at once.`,
    example: { overlap_seconds: overlapSeconds.usual },
  });

export const RotatedWebhook = z
  .strictObject({
    ...CoreWebhook.shape,
    secret: z.string().meta({ description: "Signs what is sent from now on. It is shown here and never again." }),
    previous_secrets_until: Instant.meta({ description: "Until when the secrets of before sign too." }),
  })
  .meta({
    id: "RotatedWebhook",
    description: "A webhook with its new signing secret.",
    example: {
      ...webhookExample,
      secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=",
      previous_secrets_until: "2026-11-21T13:45:12.123Z",
    },
  });

export const CreateWebhookBody = CreateWebhook.meta({
  id: "CreateWebhook",
  description:
    "`url` must be https and lead to a public address. With `tenant_id` only events on that tenant are sent; those about webhooks are not on a tenant.",
  examples: [
    { url: webhookExample.url, event_types: ["tenant.activated.v1"], tenant_id: tenantIdExample },
    { url: webhookExample.url, event_types: ["tenant.activated.v1", "tenant.onboarding_failed.v1"] },
  ],
});

export const WebhookDelivery = CoreDelivery.meta({
  id: "WebhookDelivery",
  description: "One event on its way to one webhook, with every attempt. The log goes back 30 days.",
  example: {
    id: deliveryIdExample,
    webhook_id: webhookIdExample,
    event_id: "evt_01JD5V8QA4F6H8K0N2Q4S6T8W0",
    event_type: "tenant.activated.v1",
    status: "pending",
    attempts: [{ at: instantExample, status_code: 503, error: null, duration_ms: 84 }],
    next_attempt_at: "2026-11-20T13:45:14.207Z",
    created_at: instantExample,
    updated_at: instantExample,
  },
});
