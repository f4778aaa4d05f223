import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { entitlements, shown } from "./entitlement-app.ts";

export const handler = http(operations.getEntitlements, async ({ ctx, params }) =>
  shown(await entitlements.get(ctx, { tenantId: params.tenant_id })),
);
