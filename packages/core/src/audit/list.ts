import { authorise } from "../access/authorise.ts";
import { platformOrg } from "../access/policy.ts";
import type { Context } from "../context.ts";
import type { Page, PageRequest } from "../ports.ts";
import { Problem } from "../problem.ts";
import type { AuditFilter, AuditRecord, AuditTrail } from "./audit.ts";

/** The audit trail of all tenants, or of one, the newest entry first. For the platform's staff. */
export const listAudit =
  (ports: { readonly trail: AuditTrail }) =>
  async (ctx: Context, filter: AuditFilter, page: PageRequest): Promise<Page<AuditRecord>> => {
    authorise(ctx, "audit:read");
    return ports.trail.list(filter, page);
  };

/**
 * The audit trail of the caller's own tenant.
 *
 * @throws Problem `forbidden` for the platform's staff, who have no tenant of their own.
 */
export const listOwnAudit =
  (ports: { readonly trail: AuditTrail }) =>
  async (ctx: Context, filter: Omit<AuditFilter, "tenantId">, page: PageRequest): Promise<Page<AuditRecord>> => {
    const tenantId = ctx.actor.orgId;
    if (tenantId === platformOrg)
      throw new Problem("forbidden", "Members of the platform organisation have no tenant of their own.");
    authorise(ctx, "audit:read", tenantId);
    return ports.trail.list({ ...filter, tenantId }, page);
  };
