import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { app, paged } from "./app.ts";

export const handler = http(operations.listOperations, async ({ ctx, query: { tenant_id: tenantId, ...page } }) => ({
  body: await paged({ list: "operations", filter: { tenantId } }, page, (at) =>
    app.operations.list(ctx, { tenantId }, at),
  ),
}));
