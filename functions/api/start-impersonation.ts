import { impersonationOperations } from "@tenantry/contract/impersonation-operations";
import { impersonations, signInClient } from "./impersonation-app.ts";
import { post } from "./post.ts";

export const handler = post(impersonationOperations.startImpersonation, async ({ ctx, params, body, keyed }) => {
  const whom = { tenantId: params.tenant_id, userId: params.user_id };
  return {
    body: { ...(await impersonations.start(ctx, { ...whom, ...body }, keyed)), client_id: signInClient().clientId },
  };
});
