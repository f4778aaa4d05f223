import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import type { Page, PageRequest } from "../ports.ts";
import type { Impersonation, ImpersonationPorts } from "./impersonation.ts";

/** The impersonations of a tenant's users of the last weeks, the newest first, for the platform's staff. */
export const listImpersonations =
  (ports: Pick<ImpersonationPorts, "impersonations">) =>
  async (ctx: Context, { tenantId }: { tenantId: string }, page: PageRequest): Promise<Page<Impersonation>> => {
    authorise(ctx, "impersonations:read", tenantId);
    return ports.impersonations.list(tenantId, page);
  };
