import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { paged } from "./app.ts";
import { impersonations } from "./impersonation-app.ts";

export const handler = http(operations.listImpersonations, async ({ ctx, params, query }) => {
  const filter = { tenantId: params.tenant_id };
  return {
    body: await paged({ list: "impersonations", filter }, query, (page) => impersonations.list(ctx, filter, page)),
  };
});
