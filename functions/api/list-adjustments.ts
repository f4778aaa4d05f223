import { adjustmentOperations } from "@tenantry/contract/adjustment-operations";
import { http } from "@tenantry/lambda/http";
import { paged } from "./app.ts";
import { corrections } from "./adjustment-app.ts";

export const handler = http(
  adjustmentOperations.listAdjustments,
  async ({ ctx, query: { tenant_id: tenantId, ...query } }) => ({
    body: await paged({ list: "adjustments", filter: { tenantId } }, query, (page) =>
      corrections.list(ctx, { tenantId }, page),
    ),
  }),
);
