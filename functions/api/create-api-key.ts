import { keyOperations } from "@tenantry/contract/key-operations";

import { apiKeys, showKey } from "./key-app.ts";
import { post } from "./post.ts";

export const handler = post(keyOperations.createApiKey, async ({ ctx, body, keyed }) => ({
  body: showKey(await apiKeys.create(ctx, body, keyed)),
}));
