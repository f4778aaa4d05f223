import { impersonationOperations } from "@tenantry/contract/impersonation-operations";
import { http } from "@tenantry/lambda/http";
import { impersonations } from "./impersonation-app.ts";

export const handler = http(impersonationOperations.endImpersonation, async ({ ctx, params }) => ({
  body: await impersonations.end(ctx, { tenantId: params.tenant_id, id: params.impersonation_id }),
}));
