import { userOperations } from "@tenantry/contract/user-operations";
import { post } from "./post.ts";
import { show, users } from "./user-app.ts";

export const handler = post(userOperations.acceptInvitation, async ({ ctx, params, keyed }) => ({
  body: show(await users.accept(ctx, { orgId: params.org_id }, keyed)),
}));
