import { sessionOperations } from "@tenantry/contract/session-operations";
import { sessions } from "./session-app.ts";
import { post } from "./post.ts";

export const handler = post(sessionOperations.switchOrganization, async ({ ctx, body }) => {
  const { org_id, roles } = await sessions.switch(ctx, { orgId: body.org_id });
  return { body: { org_id, roles: [...roles] } };
});
