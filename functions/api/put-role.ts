import { userOperations } from "@tenantry/contract/user-operations";
import { bound } from "./admit.ts";
import { roles, showRole } from "./user-app.ts";

export const handler = bound(userOperations.putRole, async ({ ctx, params, body }) => ({
  body: showRole(await roles.put(ctx, { name: params.role_name, permissions: body.permissions })),
}));
