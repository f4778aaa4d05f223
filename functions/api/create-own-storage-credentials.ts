import { storageOperations } from "@tenantry/contract/storage-operations";
import { post } from "./post.ts";
import { handedOut, storage } from "./storage-app.ts";

export const handler = post(storageOperations.createOwnStorageCredentials, async ({ ctx, body }) =>
  handedOut(await storage.createOwn(ctx, { seconds: body.duration_seconds })),
);
