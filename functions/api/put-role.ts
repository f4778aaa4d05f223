import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { roles, showRole } from "./user-app.ts";

export const handler = http(operations.putRole, async ({ ctx, params, body }) => ({
  body: showRole(await roles.put(ctx, { name: params.role_name, permissions: body.permissions })),
}));
