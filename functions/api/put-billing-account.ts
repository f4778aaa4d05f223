import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { billing } from "./billing-app.ts";

export const handler = http(operations.putBillingAccount, async ({ ctx, params, body }) => ({
  body: await billing.accounts.put(ctx, { tenantId: params.tenant_id, ...body }),
}));
