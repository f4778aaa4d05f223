import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { apiKeys, showKey } from "./key-app.ts";

export const handler = http(operations.revokeApiKey, async ({ ctx, params }) => ({
  body: showKey(await apiKeys.revoke(ctx, { id: params.key_id })),
}));
