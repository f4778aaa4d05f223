import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { invoicePage } from "./billing-app.ts";

export const handler = http(operations.listInvoices, async ({ ctx, params, query }) => ({
  body: await invoicePage(ctx, params.tenant_id, query),
}));
