import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { app } from "./app.ts";

export const handler = http(operations.getTenantUsage, async ({ ctx, params, query }) => ({
  body: await app.usage.get(ctx, { tenantId: params.tenant_id, ...query }),
}));
