import { auditOperations } from "@tenantry/contract/audit-operations";
import { bound } from "./admit.ts";
import { paged } from "./app.ts";
import { audit } from "./audit-app.ts";

export const handler = bound(
  auditOperations.listAudit,
  async ({ ctx, query: { limit, cursor, tenant, on_behalf_of: onBehalfOf, ...rest } }) => {
    const filter = { ...rest, onBehalfOf, tenantId: tenant };
    return {
      body: await paged({ list: "audit", filter }, { limit, cursor }, (page) => audit.list(ctx, filter, page)),
    };
  },
);
