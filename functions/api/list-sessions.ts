import { sessionOperations } from "@tenantry/contract/session-operations";
import { http } from "@tenantry/lambda/http";
import { sessions } from "./session-app.ts";

export const handler = http(sessionOperations.listSessions, async ({ ctx }) => ({
  body: { items: await sessions.list(ctx) },
}));
