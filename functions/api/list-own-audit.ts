import { auditOperations } from "@tenantry/contract/audit-operations";
import { bound } from "./admit.ts";
import { paged } from "./app.ts";
import { audit } from "./audit-app.ts";

export const handler = bound(auditOperations.listOwnAudit, async ({ ctx, query: { limit, cursor, ...rest } }) => {
  const { on_behalf_of: onBehalfOf, ...only } = rest;
  const filter = { ...only, onBehalfOf };
  return {
    body: await paged({ list: `audit of ${ctx.actor.orgId}`, filter }, { limit, cursor }, (page) =>
      audit.listOwn(ctx, filter, page),
    ),
  };
});
