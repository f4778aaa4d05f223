import { userOperations } from "@tenantry/contract/user-operations";
import { http } from "@tenantry/lambda/http";
import { usersPage } from "./user-app.ts";

export const handler = http(userOperations.listTenantUsers, async ({ ctx, params, query }) => ({
  body: await usersPage(ctx, query, params.tenant_id),
}));
