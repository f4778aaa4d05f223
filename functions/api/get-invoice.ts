import { billingOperations } from "@tenantry/contract/billing-operations";
import { http } from "@tenantry/lambda/http";
import { billing } from "./billing-app.ts";

export const handler = http(billingOperations.getInvoice, async ({ ctx, params }) => ({
  body: await billing.invoices.get(ctx, { tenantId: params.tenant_id, month: params.month }),
}));
