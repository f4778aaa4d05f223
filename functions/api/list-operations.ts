import { operations } from "@tenantry/contract/operations";
import { bound } from "./admit.ts";
import { app, paged } from "./app.ts";

export const handler = bound(
  operations.listOperations,
  async ({ ctx, query: { tenant: tenantId, status, ...page } }) => ({
    body: await paged({ list: "operations", filter: { tenantId, status } }, page, (at) =>
      app.operations.list(ctx, { tenantId, status }, at),
    ),
  }),
);
