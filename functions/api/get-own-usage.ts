import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { requestOf, usage } from "./usage-app.ts";

export const handler = http(operations.getOwnUsage, async ({ ctx, query }) => ({
  body: await usage.getOwn(ctx, requestOf(query)),
}));
