import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { keysPage } from "./key-app.ts";

export const handler = http(operations.listApiKeys, async ({ ctx, query }) => ({ body: await keysPage(ctx, query) }));
