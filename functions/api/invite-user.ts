import { operations } from "@tenantry/contract/operations";
import { post } from "./post.ts";
import { show, users } from "./user-app.ts";

export const handler = post(operations.inviteUser, async ({ ctx, body }) => ({
  body: show(await users.invite(ctx, body)),
}));
