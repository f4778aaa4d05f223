import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { billing } from "./billing-app.ts";

export const handler = http(operations.listPlans, async ({ ctx }) => ({
  body: { items: await billing.plans.list(ctx) },
}));
