import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import type { OperationFilter, Page, PageRequest, Ports } from "../ports.ts";
import type { Operation } from "./operation.ts";

/** Operations, the newest first, of one tenant or of all, in one state or in any. */
export const listOperations =
  (ports: Pick<Ports, "operations">) =>
  async (ctx: Context, filter: OperationFilter, page: PageRequest): Promise<Page<Operation>> => {
    authorise(ctx, "operations:read", filter.tenantId);
    return ports.operations.list(filter, page);
  };
