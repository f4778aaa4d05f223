import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { show, users } from "./user-app.ts";

export const handler = http(operations.listInvitations, async ({ ctx }) => ({
  body: { items: (await users.invitations(ctx)).map(show) },
}));
