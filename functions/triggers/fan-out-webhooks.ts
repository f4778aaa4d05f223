import { fanOutWebhooks } from "@tenantry/core/webhook/fan-out";
import { BusEvent, queue } from "@tenantry/lambda/queue";
import { webhooks } from "./webhooks.ts";

const fanOut = fanOutWebhooks(webhooks);

export const handler = queue("fan-out-webhooks", BusEvent, ({ detail }) => fanOut(detail));
