import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { billing } from "./billing-app.ts";

export const handler = http(operations.getInvoice, async ({ ctx, params }) => ({
  body: await billing.invoices.get(ctx, { tenantId: params.tenant_id, month: params.month }),
}));
