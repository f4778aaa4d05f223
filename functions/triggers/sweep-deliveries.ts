import { sweepDeliveries } from "@tenantry/core/webhook/sweep";
import { log } from "@tenantry/lambda/log";
import { webhooks } from "./webhooks.ts";

const sweep = sweepDeliveries(webhooks);

export const handler = async (): Promise<void> =>
  log("info", "deliveries swept", { operation: "sweep-deliveries", ...(await sweep()) });
