import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { sessions } from "./session-app.ts";

export const handler = http(operations.endSession, async ({ ctx, params }) => ({
  body: await sessions.end(ctx, { sessionId: params.session_id }),
}));
