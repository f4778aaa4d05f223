import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import { type Permission, platformOrg } from "./policy.ts";

/** Whether the caller's organisation may know of this tenant at all. */
export const reaches = (ctx: Context, tenantId: string): boolean =>
  ctx.actor.orgId === platformOrg || ctx.actor.orgId === tenantId;

/**
 * The service layer's own decision, made again with the resource at hand. Members of the platform organisation act on
 * any tenant; everyone else only on the tenant that is their organisation.
 *
 * @throws Problem `forbidden` without the permission; `tenant-not-found` for somebody else's tenant, so that ids cannot be probed.
 */
export const authorise = (ctx: Context, permission: Permission, tenantId?: string): void => {
  if (!ctx.actor.permissions.has(permission))
    throw new Problem("forbidden", `This needs the permission ${permission}.`);
  if (ctx.actor.orgId === platformOrg) return;
  if (tenantId === undefined) throw new Problem("forbidden", "Only members of the platform organisation may do this.");
  if (!reaches(ctx, tenantId)) throw new Problem("tenant-not-found", `There is no tenant ${tenantId}.`);
};
