import { sessionOperations } from "@tenantry/contract/session-operations";
import { http } from "@tenantry/lambda/http";
import { sessions } from "./session-app.ts";

export const handler = http(sessionOperations.endSession, async ({ ctx, params }) => ({
  body: await sessions.end(ctx, { sessionId: params.session_id }),
}));
