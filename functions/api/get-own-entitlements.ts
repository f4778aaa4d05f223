import { entitlementOperations } from "@tenantry/contract/entitlement-operations";
import { ownTenant } from "@tenantry/core/billing/get-invoice";
import { http } from "@tenantry/lambda/http";
import { entitlements, shown } from "./entitlement-app.ts";

export const handler = http(entitlementOperations.getOwnEntitlements, async ({ ctx }) =>
  shown(await entitlements.get(ctx, { tenantId: ownTenant(ctx) })),
);
