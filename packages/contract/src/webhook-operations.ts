import { z } from "zod";
import { define, none } from "./define.ts";
import { pageOf, pageQuery, pathId } from "./schemas/common.ts";
import {
  CreatedWebhook,
  CreateWebhookBody,
  deliveryIdExample,
  RotatedWebhook,
  RotateWebhookSecretBody,
  Webhook,
  WebhookDelivery,
  webhookIdExample,
} from "./schemas/webhook.ts";

const json = "application/json";
const webhookId = pathId("The webhook's id.", webhookIdExample);
const webhookParams = z.strictObject({ webhook_id: webhookId });

/** The operations on webhooks. */
export const webhookOperations = {
  createWebhook: define("createWebhook", {
    tag: "Webhooks",
    summary: "Subscribe a URL to events",
    description:
      "From now on, each event of these types is sent to the URL as a CloudEvent, signed by [Standard Webhooks](https://www.standardwebhooks.com). The answer has the secret, which is not shown again.",
    params: none,
    query: none,
    body: CreateWebhookBody,
    success: {
      status: 201,
      description: "The webhook is there.",
      contentType: json,
      body: CreatedWebhook,
      headers: z.object({
        location: z.string().meta({ description: "The webhook.", example: `/admin/webhooks/${webhookIdExample}` }),
      }),
    },
    problems: ["webhook-url-refused", "tenant-not-found", "state-conflict"],
  }),
  listWebhooks: define("listWebhooks", {
    tag: "Webhooks",
    summary: "List webhooks",
    description: "Webhooks, the newest first, page by page.",
    params: none,
    query: z.strictObject(pageQuery),
    body: null,
    success: { status: 200, description: "A page of webhooks.", contentType: json, body: pageOf(Webhook) },
    problems: ["invalid-cursor"],
  }),
  getWebhook: define("getWebhook", {
    tag: "Webhooks",
    summary: "Get a webhook",
    description: "A webhook without its secret.",
    params: webhookParams,
    query: none,
    body: null,
    success: { status: 200, description: "The webhook.", contentType: json, body: Webhook },
    problems: ["webhook-not-found"],
  }),
  deleteWebhook: define("deleteWebhook", {
    tag: "Webhooks",
    summary: "Delete a webhook",
    description: "Ends the subscription and destroys its secret. What has not been delivered yet is not sent.",
    params: webhookParams,
    query: none,
    body: null,
    success: { status: 200, description: "The webhook as it was.", contentType: json, body: Webhook },
    problems: ["webhook-not-found"],
  }),
  listWebhookDeliveries: define("listWebhookDeliveries", {
    tag: "Webhooks",
    summary: "List a webhook's deliveries",
    description: "What was sent, what came back and what is still to be sent, the newest event first, page by page.",
    params: webhookParams,
    query: z.strictObject(pageQuery),
    body: null,
    success: { status: 200, description: "A page of deliveries.", contentType: json, body: pageOf(WebhookDelivery) },
    problems: ["webhook-not-found", "invalid-cursor"],
  }),
  enableWebhook: define("enableWebhook", {
    tag: "Webhooks",
    summary: "Enable a webhook again",
    description:
      "Events from now on are sent to a webhook that was disabled. What it missed can be sent again from its deliveries. An enabled webhook stays as it is.",
    params: webhookParams,
    query: none,
    body: null,
    success: { status: 200, description: "The webhook is enabled.", contentType: json, body: Webhook },
    problems: ["webhook-not-found"],
  }),
  rotateWebhookSecret: define("rotateWebhookSecret", {
    tag: "Webhooks",
    summary: "Replace a webhook's secret",
    description:
      "Makes a new secret, which is in this answer and not shown again. Those of before sign beside it for `overlap_seconds`: what is sent then has several signatures, of which one must match.",
    params: webhookParams,
    query: none,
    body: RotateWebhookSecretBody,
    success: { status: 200, description: "The secret is replaced.", contentType: json, body: RotatedWebhook },
    problems: ["webhook-not-found", "state-conflict"],
  }),
  redeliverWebhook: define("redeliverWebhook", {
    tag: "Webhooks",
    summary: "Send an event again",
    description:
      "Sends the delivery's event again, at once and with all retries, whether or not it arrived before. It bears the same `webhook-id`.",
    params: z.strictObject({
      webhook_id: webhookId,
      delivery_id: pathId("The delivery's id.", deliveryIdExample),
    }),
    query: none,
    body: null,
    success: { status: 202, description: "The event will be sent.", contentType: json, body: WebhookDelivery },
    problems: ["webhook-not-found", "webhook-delivery-not-found", "state-conflict"],
  }),
} as const;
