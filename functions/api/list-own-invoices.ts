import { billingOperations } from "@tenantry/contract/billing-operations";
import { ownTenant } from "@tenantry/core/billing/get-invoice";
import { http } from "@tenantry/lambda/http";
import { invoicePage } from "./billing-app.ts";

export const handler = http(billingOperations.listOwnInvoices, async ({ ctx, query }) => ({
  body: await invoicePage(ctx, ownTenant(ctx), query),
}));
