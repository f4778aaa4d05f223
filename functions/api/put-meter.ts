import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { meters } from "./usage-app.ts";

export const handler = http(operations.putMeter, async ({ ctx, params, body }) => ({
  body: await meters.put(ctx, { ...params, ...body }),
}));
