import { userOperations } from "@tenantry/contract/user-operations";
import { http } from "@tenantry/lambda/http";
import { show, users } from "./user-app.ts";

export const handler = http(userOperations.listInvitations, async ({ ctx }) => ({
  body: { items: (await users.invitations(ctx)).map(show) },
}));
