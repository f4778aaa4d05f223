import { userOperations } from "@tenantry/contract/user-operations";
import { http } from "@tenantry/lambda/http";
import { roles, showRole } from "./user-app.ts";

export const handler = http(userOperations.deleteRole, async ({ ctx, params }) => ({
  body: showRole(await roles.delete(ctx, { name: params.role_name })),
}));
