import { deliverWebhook } from "@tenantry/core/webhook/deliver";
import { DeliveryJob } from "@tenantry/core/webhook/ports";
import { queue } from "@tenantry/lambda/queue";
import { sending } from "./webhooks.ts";

export const handler = queue("deliver-webhooks", DeliveryJob, deliverWebhook(sending()));
