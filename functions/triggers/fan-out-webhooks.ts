import { fanOutWebhooks } from "@tenantry/core/webhook/fan-out";
import { log } from "@tenantry/lambda/log";
import type { EventBridgeEvent } from "aws-lambda";
import { webhooks } from "./webhooks.ts";

const fanOut = fanOutWebhooks(webhooks);

export const handler = async ({ detail }: EventBridgeEvent<string, unknown>): Promise<void> =>
  log("info", "event fanned out", { operation: "fan-out-webhooks", ...(await fanOut(detail)) });
