import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoBillingAccounts } from "@tenantry/aws/export-cursors";
import { dynamoInvoices } from "@tenantry/aws/invoices";
import { newId } from "@tenantry/aws/new-id";
import { dynamoPlans } from "@tenantry/aws/plans";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { usageReader } from "@tenantry/aws/usage-reader";
import { getInvoice, listInvoices } from "@tenantry/core/billing/get-invoice";
import type { FinalizedInvoice } from "@tenantry/core/billing/invoice";
import { getPlan, listPlans } from "@tenantry/core/billing/plans";
import { graceMsOf } from "@tenantry/core/billing/ports";
import { putPlan } from "@tenantry/core/billing/put-plan";
import { putBillingAccount } from "@tenantry/core/usage-export/accounts";
import type { Context } from "@tenantry/core/context";
import { paged } from "./app.ts";

const database = documents();
const table = setting("CONTROL_TABLE");
const clock = () => new Date();

/** Usage is reached where it is asked for: not every function has the settings. */
const ports = {
  registry: dynamoRegistry(database, table),
  accounts: dynamoBillingAccounts(database, table),
  plans: dynamoPlans(database, table),
  invoices: dynamoInvoices(database, table),
  get meterNames() {
    return usageReader(setting("USAGE_TABLE"), clock).meterNames;
  },
  get readUsage() {
    return usageReader(setting("USAGE_TABLE"), clock).readUsage;
  },
  get graceMs() {
    return graceMsOf(setting("BILLING_GRACE_DAYS"));
  },
  clock,
  newId,
};

/** The composition root of billing's part of the API. */
export const billing = {
  plans: { list: listPlans(ports), get: getPlan(ports), put: putPlan(ports) },
  invoices: { list: listInvoices(ports), get: getInvoice(ports) },
  accounts: { put: putBillingAccount(ports) },
};

/** A page of a tenant's invoices, each as a list shows it. */
export const invoicePage = async (
  ctx: Context,
  tenantId: string,
  query: { readonly limit: number; readonly cursor?: string | undefined },
) => {
  const { items, next_cursor } = await paged({ list: "invoices", filter: { tenantId } }, query, (page) =>
    billing.invoices.list(ctx, { tenantId }, page),
  );
  return { items: items.map(summaryOf), next_cursor };
};

const summaryOf = ({ month, number, currency, total, finalized_at }: FinalizedInvoice) => ({
  month,
  number,
  currency,
  total,
  finalized_at,
});
