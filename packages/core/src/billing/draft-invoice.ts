import type { Tenant, TenantStatus } from "../tenant/tenant.ts";
import { adjustableMonths, adjustmentsTo, type EarlierMonth } from "./adjust.ts";
import { composeInvoice, microsOf, prorationOf } from "./compose-invoice.ts";
import type { FinalizedInvoice, Invoice } from "./invoice.ts";
import { addMonths, type Month, monthOf } from "./month.ts";
import { metersOf, readMonth } from "./month-usage.ts";
import { planOf, versionsOf } from "./plans.ts";
import type { BillingPorts } from "./ports.ts";

/** A tenant in one of these states was never let in. */
const unborn: readonly TenantStatus[] = ["registered", "provisioning", "failed"];

/** Whether a tenant is billed for a month: from the one in which it was made to the one in which it was deleted. */
export const billedIn = (tenant: Tenant, month: Month): boolean =>
  !unborn.includes(tenant.status) &&
  month >= monthOf(tenant.created_at) &&
  (tenant.status !== "deleted" || month <= monthOf(tenant.updated_at));

type Ports = Pick<BillingPorts, "plans" | "invoices" | "readUsage" | "graceMs" | "clock">;

/** A month of a tenant as it would be billed now. */
export const draftInvoice =
  (ports: Ports) =>
  async (tenant: Tenant, month: Month): Promise<Invoice> => {
    const asOf = ports.clock();
    const plan = planOf(await versionsOf(ports, tenant.tier), month);
    const before = await ports.invoices.between(tenant.id, addMonths(month, -adjustableMonths), addMonths(month, -1));
    const read = readMonth(ports);
    const [usage, earlier] = await Promise.all([
      read(tenant.id, month, metersOf(plan)),
      Promise.all(before.map((invoice) => earlierMonth(read, tenant, invoice, before))),
    ]);
    return composeInvoice({ tenant, month, plan, usage, earlier, asOf, graceMs: ports.graceMs });
  };

const earlierMonth = async (
  read: ReturnType<typeof readMonth>,
  tenant: Tenant,
  invoice: FinalizedInvoice,
  before: readonly FinalizedInvoice[],
): Promise<EarlierMonth> => {
  const usage = await read(tenant.id, invoice.month, metersOf(invoice.plan));
  return {
    invoice,
    proration: prorationOf(tenant, invoice.month),
    adjusted: adjustmentsTo(invoice.month, before),
    usage: microsOf(usage),
    units: new Map([...usage].map(([meter, { unit }]) => [meter, unit])),
  };
};
