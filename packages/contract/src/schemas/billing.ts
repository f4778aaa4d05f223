import { Invoice as CoreInvoice } from "@tenantry/core/billing/invoice";
import { Month as CoreMonth } from "@tenantry/core/billing/month";
import { Plan as CorePlan, PutPlan } from "@tenantry/core/billing/plan";
import { BillingAccount as CoreBillingAccount, PutBillingAccount } from "@tenantry/core/usage-export/account";
import { z } from "zod";
import { instantExample, tenantIdExample } from "./common.ts";

export const monthExample = "2026-10";

export const MonthParam = CoreMonth.meta({ description: "A month in UTC.", example: monthExample });

const planExample: z.infer<typeof CorePlan> = {
  tier: "standard",
  version: 2,
  valid_from: monthExample,
  currency: "USD",
  minimum: null,
  charges: [
    { kind: "flat", id: "platform-fee", description: "Platform fee", amount: "49.00" },
    {
      kind: "graduated",
      id: "api-calls",
      description: "API calls",
      meter: "api_calls",
      included: "100000",
      steps: [
        { up_to: "1000000", unit_price: "0.0004" },
        { up_to: null, unit_price: "0.0003" },
      ],
    },
  ],
  created_at: instantExample,
};

export const Plan = CorePlan.meta({
  id: "Plan",
  description:
    "What a tier costs from a month on. A version never changes. `created_at` is null for the plans that come with the product.",
  example: planExample,
});

export const PlanVersions = z
  .strictObject({
    current: Plan.meta({ description: "The version that the running month is billed by." }),
    versions: z.array(Plan).meta({ description: "Every version, the oldest first." }),
  })
  .meta({ id: "PlanVersions", description: "A tier's plan." });

const { tier: _tier, version: _version, created_at: _created, ...terms } = planExample;

export const PutPlanBody = PutPlan.meta({
  id: "PutPlan",
  description: "A new version of a tier's plan, valid from a month that has not begun.",
  example: { ...terms, valid_from: "2027-01" },
});

const invoiceExample: z.infer<typeof CoreInvoice> = {
  tenant_id: tenantIdExample,
  month: monthExample,
  status: "finalized",
  number: "2026-000017",
  tier: "standard",
  plan: planExample,
  currency: "USD",
  lines: [
    {
      charge: "api-calls",
      kind: "graduated",
      description: "API calls",
      meter: "api_calls",
      unit: "call",
      quantity: "150000.5",
      included: "100000",
      steps: [{ quantity: "50000.5", unit_price: "0.0004", amount: "20.0002" }],
      proration: null,
      adjusts: null,
      amount: "20.00",
      buckets: [
        {
          start: "2026-10-20T00:00:00.000Z",
          end: "2026-10-21T00:00:00.000Z",
          value: "150000.5",
          count: 150_000,
          final: false,
        },
      ],
    },
    {
      charge: "api-calls",
      kind: "adjustment",
      description: "API calls, 2026-09",
      meter: "api_calls",
      unit: "call",
      quantity: "10001",
      included: "100000",
      steps: [{ quantity: "50000", unit_price: "0.0004", amount: "20.00" }],
      proration: null,
      adjusts: {
        month: "2026-09",
        number: "2026-000009",
        quantity_before: "139999",
        quantity_after: "150000",
        amount_before: "16.00",
        amount_after: "20.00",
      },
      amount: "4.00",
      buckets: [],
    },
  ],
  total: "24.00",
  as_of: instantExample,
  closes_at: "2026-11-04T00:00:00.000Z",
  finalized_at: instantExample,
};

export const Invoice = CoreInvoice.meta({
  id: "Invoice",
  description:
    "A tenant's month: a draft while it is open, then finalized and never changed. Each line is rounded once, half to even; the total is the sum of the lines.",
  example: invoiceExample,
});

export const InvoiceSummary = z
  .strictObject({
    month: CoreInvoice.shape.month,
    number: z.string(),
    currency: CoreInvoice.shape.currency,
    total: CoreInvoice.shape.total,
    finalized_at: z.iso.datetime(),
  })
  .meta({
    id: "InvoiceSummary",
    description: "A finalized invoice in short.",
    example: {
      month: monthExample,
      number: "2026-000017",
      currency: "USD",
      total: "24.00",
      finalized_at: instantExample,
    },
  });

const customers = { stripe_customer: "cus_NciAYcXfLnqBoz", marketplace_customer: null };

export const PutBillingAccountBody = PutBillingAccount.meta({
  id: "PutBillingAccount",
  description: "Who a tenant is to those that bill it; null where it is nobody.",
  example: customers,
});

export const BillingAccount = CoreBillingAccount.meta({
  id: "BillingAccount",
  description: "Who a tenant is to those that bill it. Usage before the hour of `linked_at` is not exported.",
  example: { tenant_id: tenantIdExample, ...customers, linked_at: instantExample },
});
