import { operations } from "@tenantry/contract/operations";
import { http } from "@tenantry/lambda/http";
import { paged } from "./app.ts";
import { audit } from "./audit-app.ts";

export const handler = http(operations.listOwnAudit, async ({ ctx, query: { limit, cursor, ...rest } }) => {
  const { on_behalf_of: onBehalfOf, ...only } = rest;
  const filter = { ...only, onBehalfOf };
  return {
    body: await paged({ list: `audit of ${ctx.actor.orgId}`, filter }, { limit, cursor }, (page) =>
      audit.listOwn(ctx, filter, page),
    ),
  };
});
