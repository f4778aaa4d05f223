import { platformOrg } from "../access/policy.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import { getTenantUsage, type TenantUsage, type UsagePorts, type UsageRequest } from "./get-tenant-usage.ts";

/**
 * One meter of the caller's own tenant.
 *
 * @throws Problem `forbidden` for the platform's staff, who have no tenant of their own.
 */
export const getOwnUsage =
  (ports: UsagePorts) =>
  async (ctx: Context, input: UsageRequest): Promise<TenantUsage> => {
    if (ctx.actor.orgId === platformOrg)
      throw new Problem("forbidden", "Members of the platform organisation have no tenant of their own.");
    return getTenantUsage(ports)(ctx, { tenantId: ctx.actor.orgId, ...input });
  };
