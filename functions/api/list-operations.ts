import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { app, paged } from "./app.ts";

export const handler = http(
  operations.listOperations,
  async ({ ctx, query: { tenant: tenantId, status, ...page } }) => ({
    body: await paged({ list: "operations", filter: { tenantId, status } }, page, (at) =>
      app.operations.list(ctx, { tenantId, status }, at),
    ),
  }),
);
