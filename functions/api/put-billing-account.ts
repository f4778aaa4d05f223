import { billingOperations } from "@tenantry/contract/billing-operations";
import { http } from "@tenantry/lambda/http";
import { billing } from "./billing-app.ts";

export const handler = http(billingOperations.putBillingAccount, async ({ ctx, params, body }) => ({
  body: await billing.accounts.put(ctx, { tenantId: params.tenant_id, ...body }),
}));
