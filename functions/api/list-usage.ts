import { usageOperations } from "@tenantry/contract/usage-operations";
import { http } from "@tenantry/lambda/http";
import { paged } from "./app.ts";
import { listRequestOf, usage } from "./usage-app.ts";

export const handler = http(usageOperations.listUsage, async ({ ctx, query: { limit, cursor, ...filter } }) => ({
  body: await paged({ list: "usage", filter }, { limit, cursor }, (page) =>
    usage.list(ctx, listRequestOf(filter), page),
  ),
}));
