import { keyOperations } from "@tenantry/contract/key-operations";
import { http } from "@tenantry/lambda/http";
import { apiKeys, showKey } from "./key-app.ts";

export const handler = http(keyOperations.revokeApiKey, async ({ ctx, params }) => ({
  body: showKey(await apiKeys.revoke(ctx, { id: params.key_id })),
}));
