import { systemEntry } from "../audit/entry.ts";
import type { Page } from "../ports.ts";
import type { Tenant } from "../tenant/tenant.ts";
import { concurrently } from "../usage/concurrently.ts";
import { closesAt } from "./compose-invoice.ts";
import { billedIn, draftInvoice } from "./draft-invoice.ts";
import type { FinalizedInvoice } from "./invoice.ts";
import { addMonths, type Month, monthOf, monthsBetween } from "./month.ts";
import type { BillingPorts } from "./ports.ts";

/** How many tenants are read side by side. */
const width = 4;

/** A tenant that is let in late, or a schedule that rested, is caught up with for so many months. */
const catchUpMonths = 2;

/** Numbers are given one by one; so often a faster one may have taken ours. */
const attempts = 100;

export type Closed = { readonly month: Month; readonly finalized: number; readonly errors: readonly unknown[] };

/** The latest month whose grace period is over. */
export const lastClosing = (now: Date, graceMs: number): Month => {
  const before = addMonths(monthOf(now), -1);
  return closesAt(before, graceMs) <= now ? before : addMonths(before, -1);
};

/**
 * Finalizes the latest month whose grace period is over, for every tenant. Each invoice is written once, whoever else is
 * at it, so a run that ends early is taken up by the next. One tenant that fails stops no other, and keeps the month open.
 */
export const closeMonths = (ports: BillingPorts) => async (): Promise<Closed> => {
  const month = lastClosing(ports.clock(), ports.graceMs);
  if (await ports.invoices.isClosed(month)) return { month, finalized: 0, errors: [] };
  let finalized = 0;
  const errors: unknown[] = [];
  let after: string | null = null;
  do {
    const page: Page<Tenant> = await ports.registry.listTenants({}, { limit: 100, after });
    const failures = await concurrently(page.items, width, async (tenant) => {
      const count = await finalizeUpTo(ports, tenant, month);
      finalized += count;
    });
    errors.push(...failures.map(({ error }) => error));
    after = page.next;
  } while (after !== null);
  if (errors.length === 0) await ports.invoices.close(month, ports.clock().toISOString());
  return { month, finalized, errors };
};

/** In the order of months, as each adjusts those before it. */
const finalizeUpTo = async (ports: BillingPorts, tenant: Tenant, last: Month): Promise<number> => {
  let finalized = 0;
  for (const month of monthsBetween(addMonths(last, -catchUpMonths), last)) {
    if (!billedIn(tenant, month) || (await ports.invoices.get(tenant.id, month)) !== null) continue;
    if (await finalize(ports, tenant, month)) finalized++;
  }
  return finalized;
};

const finalize = async (ports: BillingPorts, tenant: Tenant, month: Month): Promise<boolean> => {
  const draft = await draftInvoice(ports)(tenant, month);
  const year = month.slice(0, 4);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const place = (await ports.invoices.lastNumber(year)) + 1;
    const at = ports.clock().toISOString();
    const invoice: FinalizedInvoice = {
      ...draft,
      status: "finalized",
      number: `${year}-${String(place).padStart(6, "0")}`,
      finalized_at: at,
    };
    const outcome = await ports.invoices.finalize(invoice, place, commitOf(ports, invoice));
    if (outcome !== "number-taken") return outcome === "finalized";
  }
  throw new Error(`No number was to be had for ${month} of ${tenant.id}.`);
};

const commitOf = (ports: BillingPorts, invoice: FinalizedInvoice) => {
  const { tenant_id, month, number, currency, total, plan, finalized_at: at } = invoice;
  const data = { tenant_id, month, number, currency, total, plan: { tier: plan.tier, version: plan.version } };
  return {
    audit: systemEntry(ports, {
      task: "close-months",
      at,
      change: { action: "invoice.finalize", tenantId: tenant_id, after: data },
    }),
    events: [{ id: ports.newId("event"), type: "invoice.finalized.v1" as const, subject: tenant_id, time: at, data }],
  };
};
