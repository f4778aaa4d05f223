import { authorise } from "../access/authorise.ts";
import { platformOrg } from "../access/policy.ts";
import type { Context } from "../context.ts";
import { TenantId } from "../ids.ts";
import type { Page, PageRequest, Registry } from "../ports.ts";
import { Problem } from "../problem.ts";
import type { Tenant } from "../tenant/tenant.ts";
import { billedIn, draftInvoice } from "./draft-invoice.ts";
import type { FinalizedInvoice, Invoice } from "./invoice.ts";
import { type Month, monthOf } from "./month.ts";
import type { BillingPorts } from "./ports.ts";

/** @throws Problem `tenant-not-found`, also for what is no tenant id at all. */
export const loadTenant = async (
  ports: { readonly registry: Pick<Registry, "getTenant"> },
  tenantId: string,
): Promise<Tenant> => {
  const tenant = TenantId.safeParse(tenantId).success ? await ports.registry.getTenant(tenantId) : null;
  if (tenant === null) throw new Problem("tenant-not-found", `There is no tenant ${tenantId.slice(0, 64)}.`);
  return tenant;
};

/**
 * The caller's own tenant.
 *
 * @throws Problem `forbidden` for the platform's staff, who have no tenant of their own.
 */
export const ownTenant = (ctx: Context): string => {
  if (ctx.actor.orgId !== platformOrg) return ctx.actor.orgId;
  throw new Problem("forbidden", "Members of the platform organisation have no tenant of their own.");
};

/**
 * A tenant's month: the finalized invoice, or a draft of it over what has been used so far.
 *
 * @throws Problem `tenant-not-found`, `billing-month-not-begun`, `invoice-not-found` for a month before the tenant was
 *   there or after it was deleted.
 */
export const getInvoice =
  (ports: BillingPorts) =>
  async (ctx: Context, { tenantId, month }: { tenantId: string; month: Month }): Promise<Invoice> => {
    authorise(ctx, "invoices:read", tenantId);
    const tenant = await loadTenant(ports, tenantId);
    const running = monthOf(ports.clock());
    if (month > running)
      throw new Problem("billing-month-not-begun", `The month ${month} has not begun; it is ${running} in UTC.`, {
        errors: [{ pointer: "path:month", detail: `must not be after ${running}` }],
      });
    const finalized = await ports.invoices.get(tenant.id, month);
    if (finalized !== null) return finalized;
    if (!billedIn(tenant, month)) throw new Problem("invoice-not-found", `The tenant is not billed for ${month}.`);
    return draftInvoice(ports)(tenant, month);
  };

/**
 * The finalized invoices of a tenant, the latest month first.
 *
 * @throws Problem `tenant-not-found`
 */
export const listInvoices =
  (ports: Pick<BillingPorts, "registry" | "invoices">) =>
  async (ctx: Context, { tenantId }: { tenantId: string }, page: PageRequest): Promise<Page<FinalizedInvoice>> => {
    authorise(ctx, "invoices:read", tenantId);
    const { id } = await loadTenant(ports, tenantId);
    return ports.invoices.list(id, page);
  };
