import { keyOperations } from "@tenantry/contract/key-operations";
import { http } from "@tenantry/lambda/http";
import { keysPage } from "./key-app.ts";

export const handler = http(keyOperations.listApiKeys, async ({ ctx, query }) => ({
  body: await keysPage(ctx, query),
}));
