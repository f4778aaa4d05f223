import { operations } from "@tenantry/contract/operations";
import { sessions } from "./session-app.ts";
import { post } from "./post.ts";

export const handler = post(operations.switchOrganization, async ({ ctx, body }) => {
  const { org_id, roles } = await sessions.switch(ctx, { orgId: body.org_id });
  return { body: { org_id, roles: [...roles] } };
});
