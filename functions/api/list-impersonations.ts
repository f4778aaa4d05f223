import { impersonationOperations } from "@tenantry/contract/impersonation-operations";
import { http } from "@tenantry/lambda/http";
import { paged } from "./app.ts";
import { impersonations } from "./impersonation-app.ts";

export const handler = http(impersonationOperations.listImpersonations, async ({ ctx, params, query }) => {
  const filter = { tenantId: params.tenant_id };
  return {
    body: await paged({ list: "impersonations", filter }, query, (page) => impersonations.list(ctx, filter, page)),
  };
});
