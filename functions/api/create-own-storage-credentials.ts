import { operations } from "@tenantry/contract/operations";
import { post } from "./post.ts";
import { handedOut, storage } from "./storage-app.ts";

export const handler = post(operations.createOwnStorageCredentials, async ({ ctx, body }) =>
  handedOut(await storage.createOwn(ctx, { seconds: body.duration_seconds })),
);
