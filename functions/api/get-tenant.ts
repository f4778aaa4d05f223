import { tenantOperations } from "@tenantry/contract/tenant-operations";
import { http } from "@tenantry/lambda/http";
import { app } from "./app.ts";

export const handler = http(tenantOperations.getTenant, async ({ ctx, params }) => ({
  body: await app.tenants.get(ctx, { tenantId: params.tenant_id }),
}));
