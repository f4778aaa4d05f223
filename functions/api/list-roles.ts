import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { roles, showRole } from "./user-app.ts";

export const handler = http(operations.listRoles, async ({ ctx }) => ({
  body: { items: (await roles.list(ctx)).map(showRole) },
}));
