import { billingOperations } from "@tenantry/contract/billing-operations";
import { http } from "@tenantry/lambda/http";
import { invoicePage } from "./billing-app.ts";

export const handler = http(billingOperations.listInvoices, async ({ ctx, params, query }) => ({
  body: await invoicePage(ctx, params.tenant_id, query),
}));
