import { authorise } from "../access/authorise.ts";
import { platformOrg } from "../access/policy.ts";
import type { Context } from "../context.ts";
import type { OperationFilter, Page, PageRequest, Ports } from "../ports.ts";
import { asSeenBy } from "./as-seen-by.ts";
import type { Operation } from "./operation.ts";

/**
 * Operations, the newest first, of one tenant or of all, in one state or in any. Whoever is a tenant's own sees those of
 * that tenant.
 *
 * @throws Problem `tenant-not-found` for somebody else's tenant.
 */
export const listOperations =
  (ports: Pick<Ports, "operations">) =>
  async (ctx: Context, filter: OperationFilter, page: PageRequest): Promise<Page<Operation>> => {
    const { orgId } = ctx.actor;
    const tenantId = filter.tenantId ?? (orgId === platformOrg ? undefined : orgId);
    authorise(ctx, "operations:read", tenantId);
    const { items, next } = await ports.operations.list({ ...filter, tenantId }, page);
    return { items: items.map((operation) => asSeenBy(orgId, operation)), next };
  };
