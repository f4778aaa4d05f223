import { operations } from "@tenantry/contract/operations";
import { bound } from "./admit.ts";
import { paged } from "./app.ts";
import { audit } from "./audit-app.ts";

export const handler = bound(
  operations.listAudit,
  async ({ ctx, query: { limit, cursor, tenant, on_behalf_of: onBehalfOf, ...rest } }) => {
    const filter = { ...rest, onBehalfOf, tenantId: tenant };
    return {
      body: await paged({ list: "audit", filter }, { limit, cursor }, (page) => audit.list(ctx, filter, page)),
    };
  },
);
