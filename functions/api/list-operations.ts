import { tenantOperations } from "@tenantry/contract/tenant-operations";
import { bound } from "./admit.ts";
import { app, paged } from "./app.ts";

export const handler = bound(
  tenantOperations.listOperations,
  async ({ ctx, query: { tenant: tenantId, status, ...page } }) => ({
    body: await paged({ list: "operations", filter: { tenantId, status } }, page, (at) =>
      app.operations.list(ctx, { tenantId, status }, at),
    ),
  }),
);
