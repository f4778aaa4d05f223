import { usageOperations } from "@tenantry/contract/usage-operations";
import { http } from "@tenantry/lambda/http";
import { requestOf, usage } from "./usage-app.ts";

export const handler = http(usageOperations.getOwnUsage, async ({ ctx, query }) => ({
  body: await usage.getOwn(ctx, requestOf(query)),
}));
