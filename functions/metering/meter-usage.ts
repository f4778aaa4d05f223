import { meterUsage } from "@tenantry/core/usage/meter-usage";
import { stream } from "@tenantry/lambda/stream";
import { app } from "./app.ts";

export const handler = stream("meter-usage", meterUsage(app));
