import { userOperations } from "@tenantry/contract/user-operations";
import { http } from "@tenantry/lambda/http";
import { roles, showRole } from "./user-app.ts";

export const handler = http(userOperations.listRoles, async ({ ctx }) => ({
  body: { items: (await roles.list(ctx)).map(showRole) },
}));
