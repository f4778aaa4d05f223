import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { app, paged } from "./app.ts";

export const handler = http(operations.listTenants, async ({ ctx, query: { limit, cursor, ...filter } }) => ({
  body: await paged({ list: "tenants", filter }, { limit, cursor }, (page) => app.tenants.list(ctx, filter, page)),
}));
