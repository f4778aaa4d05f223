import { usageOperations } from "@tenantry/contract/usage-operations";
import { http } from "@tenantry/lambda/http";
import { requestOf, usage } from "./usage-app.ts";

export const handler = http(usageOperations.getTenantUsage, async ({ ctx, params, query }) => ({
  body: await usage.get(ctx, { tenantId: params.tenant_id, ...requestOf(query) }),
}));
