import { userOperations } from "@tenantry/contract/user-operations";
import { post } from "./post.ts";
import { show, users } from "./user-app.ts";

export const handler = post(userOperations.inviteUser, async ({ ctx, body }) => ({
  body: show(await users.invite(ctx, body)),
}));
