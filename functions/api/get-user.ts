import { userOperations } from "@tenantry/contract/user-operations";
import { http } from "@tenantry/lambda/http";
import { show, users } from "./user-app.ts";

export const handler = http(userOperations.getUser, async ({ ctx, params }) => ({
  body: show(await users.get(ctx, { userId: params.user_id })),
}));
