import { userOperations } from "@tenantry/contract/user-operations";
import { bound } from "./admit.ts";
import { show, users } from "./user-app.ts";

export const handler = bound(userOperations.changeUser, async ({ ctx, params, body }) => ({
  body: show(await users.change(ctx, { userId: params.user_id, ...body })),
}));
