import { tenantOperations } from "@tenantry/contract/tenant-operations";
import { http } from "@tenantry/lambda/http";
import { app, paged } from "./app.ts";

export const handler = http(tenantOperations.listTenants, async ({ ctx, query: { limit, cursor, ...filter } }) => ({
  body: await paged({ list: "tenants", filter }, { limit, cursor }, (page) => app.tenants.list(ctx, filter, page)),
}));
