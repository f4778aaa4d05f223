import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { sessions } from "./session-app.ts";

export const handler = http(operations.endAllSessions, async ({ ctx }) => ({ body: await sessions.endAll(ctx) }));
