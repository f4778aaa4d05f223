import { billingOperations } from "@tenantry/contract/billing-operations";
import { http } from "@tenantry/lambda/http";
import { billing } from "./billing-app.ts";

export const handler = http(billingOperations.getPlan, async ({ ctx, params }) => {
  const { current, versions } = await billing.plans.get(ctx, params);
  return { body: { current, versions: [...versions] } };
});
