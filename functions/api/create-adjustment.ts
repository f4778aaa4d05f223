import { adjustmentOperations } from "@tenantry/contract/adjustment-operations";
import { corrections } from "./adjustment-app.ts";
import { post } from "./post.ts";

export const handler = post(adjustmentOperations.createAdjustment, async ({ ctx, body, key }) => {
  const { type, tenant_id: tenantId, event_id: eventId = "", value = "", dimensions = {}, ...rest } = body;
  const correction = type === "adjust" ? { type, value, dimensions } : { type, eventId };
  return { body: await corrections.create(ctx, { tenantId, key, ...rest, ...correction }) };
});
