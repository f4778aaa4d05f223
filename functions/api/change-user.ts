import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { show, users } from "./user-app.ts";

export const handler = http(operations.changeUser, async ({ ctx, params, body }) => ({
  body: show(await users.change(ctx, { userId: params.user_id, ...body })),
}));
