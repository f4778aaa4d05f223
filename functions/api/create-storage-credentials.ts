import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { storage, unkept } from "./storage-app.ts";

export const handler = http(operations.createStorageCredentials, async ({ ctx, params, body }) => ({
  body: await storage.create(ctx, { tenantId: params.tenant_id, seconds: body.duration_seconds }),
  headers: unkept,
}));
