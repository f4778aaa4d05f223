import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { billing } from "./billing-app.ts";

export const handler = http(operations.putPlan, async ({ ctx, params, body }) => ({
  body: await billing.plans.put(ctx, { tier: params.tier, plan: body }),
}));
