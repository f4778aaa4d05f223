import { operations } from "@tenantry/contract/operations";
import { post } from "./post.ts";
import { handedOut, storage } from "./storage-app.ts";

export const handler = post(operations.createStorageCredentials, async ({ ctx, params, body }) =>
  handedOut(await storage.create(ctx, { tenantId: params.tenant_id, seconds: body.duration_seconds })),
);
