import { entitlementOperations } from "@tenantry/contract/entitlement-operations";
import { http } from "@tenantry/lambda/http";
import { entitlements, shown } from "./entitlement-app.ts";

export const handler = http(entitlementOperations.putEntitlements, async ({ ctx, params, body }) =>
  shown(await entitlements.put(ctx, { tenantId: params.tenant_id, quotas: body.quotas })),
);
