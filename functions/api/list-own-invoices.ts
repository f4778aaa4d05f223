import { operations } from "@tenantry/contract/operations";
import { ownTenant } from "@tenantry/core/billing/get-invoice";
import { http } from "@tenantry/lambda/http";
import { invoicePage } from "./billing-app.ts";

export const handler = http(operations.listOwnInvoices, async ({ ctx, query }) => ({
  body: await invoicePage(ctx, ownTenant(ctx), query),
}));
