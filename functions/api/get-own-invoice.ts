import { billingOperations } from "@tenantry/contract/billing-operations";
import { ownTenant } from "@tenantry/core/billing/get-invoice";
import { http } from "@tenantry/lambda/http";
import { billing } from "./billing-app.ts";

export const handler = http(billingOperations.getOwnInvoice, async ({ ctx, params }) => ({
  body: await billing.invoices.get(ctx, { tenantId: ownTenant(ctx), month: params.month }),
}));
