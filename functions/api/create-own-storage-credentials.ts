import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { storage, unkept } from "./storage-app.ts";

export const handler = http(operations.createOwnStorageCredentials, async ({ ctx, body }) => ({
  body: await storage.createOwn(ctx, { seconds: body.duration_seconds }),
  headers: unkept,
}));
