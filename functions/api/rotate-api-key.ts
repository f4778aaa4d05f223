import { keyOperations } from "@tenantry/contract/key-operations";

import { apiKeys, showKey } from "./key-app.ts";
import { post } from "./post.ts";

export const handler = post(keyOperations.rotateApiKey, async ({ ctx, params, body, keyed }) => ({
  body: showKey(await apiKeys.rotate(ctx, { id: params.key_id, overlapSeconds: body.overlap_seconds }, keyed)),
}));
