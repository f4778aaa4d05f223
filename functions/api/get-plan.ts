import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { billing } from "./billing-app.ts";

export const handler = http(operations.getPlan, async ({ ctx, params }) => {
  const { current, versions } = await billing.plans.get(ctx, params);
  return { body: { current, versions: [...versions] } };
});
