import { operations } from "@tenantry/contract/operations";
import { post } from "./post.ts";
import { show, users } from "./user-app.ts";

export const handler = post(operations.acceptInvitation, async ({ ctx, params, keyed }) => ({
  body: show(await users.accept(ctx, { orgId: params.org_id }, keyed)),
}));
