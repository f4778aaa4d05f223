import { entitlementOperations } from "@tenantry/contract/entitlement-operations";
import { http } from "@tenantry/lambda/http";
import { entitlements, shown } from "./entitlement-app.ts";

export const handler = http(entitlementOperations.getEntitlements, async ({ ctx, params }) =>
  shown(await entitlements.get(ctx, { tenantId: params.tenant_id })),
);
