import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import { canImpersonate } from "./impersonation.ts";
import { type Permission, platformOrg } from "./policy.ts";

/** Whether the caller's organisation may know of this tenant at all. */
export const reaches = (ctx: Context, tenantId: string): boolean =>
  ctx.actor.orgId === platformOrg || (ctx.actor.orgId !== "" && ctx.actor.orgId === tenantId);

/** The caller's own tenant. @throws Problem `forbidden` for the platform's staff and for whoever has none. */
export const ownTenant = (ctx: Context): string => {
  if (ctx.actor.orgId === platformOrg || ctx.actor.orgId === "")
    throw new Problem("forbidden", "This is for members of a tenant, on their own tenant.");
  return ctx.actor.orgId;
};

/**
 * The service layer's own decision, made again with the resource at hand. Members of the platform organisation act on
 * any tenant; everyone else only on the tenant that is their organisation.
 *
 * @throws Problem `tenant-not-found` for somebody else's tenant, whatever the caller may do on their own, so that ids
 *   cannot be probed; `forbidden` without the permission.
 */
export const authorise = (ctx: Context, permission: Permission, tenantId?: string): void => {
  if (tenantId !== undefined && tenantId !== "" && !reaches(ctx, tenantId))
    throw new Problem("tenant-not-found", `There is no tenant ${tenantId}.`);
  if (ctx.actor.onBehalfOf !== undefined && !canImpersonate(permission))
    throw new Problem("forbidden", "Nobody may do this on behalf of another.");
  if (!ctx.actor.permissions.has(permission))
    throw new Problem("forbidden", `This needs the permission ${permission}.`);
  if (tenantId === undefined && ctx.actor.orgId !== platformOrg)
    throw new Problem("forbidden", "Only members of the platform organisation may do this.");
  if (tenantId === "") throw new Problem("forbidden", "The token names no organisation.");
};
