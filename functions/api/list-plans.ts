import { billingOperations } from "@tenantry/contract/billing-operations";
import { http } from "@tenantry/lambda/http";
import { billing } from "./billing-app.ts";

export const handler = http(billingOperations.listPlans, async ({ ctx }) => ({
  body: { items: await billing.plans.list(ctx) },
}));
