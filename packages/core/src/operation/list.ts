import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import type { Page, PageRequest, Ports } from "../ports.ts";
import type { Operation } from "./operation.ts";

/** Operations, the newest first, of one tenant or of all. */
export const listOperations =
  (ports: Pick<Ports, "operations">) =>
  async (ctx: Context, filter: { tenantId?: string | undefined }, page: PageRequest): Promise<Page<Operation>> => {
    authorise(ctx, "operations:read", filter.tenantId);
    return ports.operations.list(filter, page);
  };
