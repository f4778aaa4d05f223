import { operations } from "@tenantry/contract/operations";
import { ownTenant } from "@tenantry/core/billing/get-invoice";
import { http } from "@tenantry/lambda/http";
import { billing } from "./billing-app.ts";

export const handler = http(operations.getOwnInvoice, async ({ ctx, params }) => ({
  body: await billing.invoices.get(ctx, { tenantId: ownTenant(ctx), month: params.month }),
}));
