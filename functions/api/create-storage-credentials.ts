import { storageOperations } from "@tenantry/contract/storage-operations";
import { post } from "./post.ts";
import { handedOut, storage } from "./storage-app.ts";

export const handler = post(storageOperations.createStorageCredentials, async ({ ctx, params, body }) =>
  handedOut(await storage.create(ctx, { tenantId: params.tenant_id, seconds: body.duration_seconds })),
);
