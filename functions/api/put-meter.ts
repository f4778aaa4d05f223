import { usageOperations } from "@tenantry/contract/usage-operations";
import { http } from "@tenantry/lambda/http";
import { meters } from "./usage-app.ts";

export const handler = http(usageOperations.putMeter, async ({ ctx, params, body }) => ({
  body: await meters.put(ctx, { ...params, ...body }),
}));
