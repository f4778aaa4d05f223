import { billingOperations } from "@tenantry/contract/billing-operations";
import { http } from "@tenantry/lambda/http";
import { billing } from "./billing-app.ts";

export const handler = http(billingOperations.putPlan, async ({ ctx, params, body }) => ({
  body: await billing.plans.put(ctx, { tier: params.tier, plan: body }),
}));
