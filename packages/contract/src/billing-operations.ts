import { tierNames } from "@tenantry/core/tenant/tier";
import { z } from "zod";
import { define, none } from "./define.ts";
import {
  BillingAccount,
  Invoice,
  InvoiceSummary,
  MonthParam,
  Plan,
  PlanVersions,
  PutBillingAccountBody,
  PutPlanBody,
} from "./schemas/billing.ts";
import { pageOf, pageQuery, pathId, tenantIdExample } from "./schemas/common.ts";

const json = "application/json";
const tierParams = z.strictObject({ tier: pathId(`The tier: ${tierNames.join(", ")}.`, "standard") });
const tenantParams = z.strictObject({ tenant_id: pathId("The tenant's id.", tenantIdExample) });

const list = {
  tag: "Billing",
  query: z.strictObject(pageQuery),
  body: null,
  success: { status: 200, description: "A page of invoices.", contentType: json, body: pageOf(InvoiceSummary) },
  problems: ["invalid-cursor", "tenant-not-found"],
} as const;

const one = {
  tag: "Billing",
  query: none,
  body: null,
  success: { status: 200, description: "The invoice.", contentType: json, body: Invoice },
  problems: ["billing-month-not-begun", "invoice-not-found", "tenant-not-found"],
} as const;

const whole =
  "The finalized invoice of a month, or a draft of it over the usage so far, with the days of usage behind each line.";

/** The operations on plans and invoices. */
export const billingOperations = {
  listPlans: define("listPlans", {
    tag: "Billing",
    summary: "List plans",
    description: "What each tier costs in the running month.",
    params: none,
    query: none,
    body: null,
    success: {
      status: 200,
      description: "The plans.",
      contentType: json,
      body: z.strictObject({ items: z.array(Plan) }),
    },
    problems: [],
  }),
  getPlan: define("getPlan", {
    tag: "Billing",
    summary: "Get a tier's plan",
    description: "What a tier costs in the running month, and all versions of its plan.",
    params: tierParams,
    query: none,
    body: null,
    success: { status: 200, description: "The plan.", contentType: json, body: PlanVersions },
    problems: ["tier-not-found"],
  }),
  putPlan: define("putPlan", {
    tag: "Billing",
    summary: "Change a tier's prices",
    description:
      "Makes a new version of a tier's plan, valid from a month that has not begun. Putting the newest version again changes nothing.",
    params: tierParams,
    query: none,
    body: PutPlanBody,
    success: { status: 200, description: "The new version.", contentType: json, body: Plan },
    problems: ["tier-not-found", "state-conflict"],
  }),
  listInvoices: define("listInvoices", {
    ...list,
    summary: "List a tenant's invoices",
    description: "The finalized invoices of a tenant, the latest month first, page by page.",
    params: tenantParams,
  }),
  getInvoice: define("getInvoice", {
    ...one,
    summary: "Get a tenant's invoice",
    description: whole,
    params: z.strictObject({ ...tenantParams.shape, month: MonthParam }),
  }),
  listOwnInvoices: define("listOwnInvoices", {
    ...list,
    summary: "List your own invoices",
    description: "The finalized invoices of your tenant, the latest month first, page by page.",
    params: none,
  }),
  putBillingAccount: define("putBillingAccount", {
    tag: "Billing",
    summary: "Say who a tenant is to Stripe and AWS Marketplace",
    description:
      "From the hour of the first time on, the tenant's usage is exported to those of them that the deployment is set up for.",
    params: tenantParams,
    query: none,
    body: PutBillingAccountBody,
    success: { status: 200, description: "The account.", contentType: json, body: BillingAccount },
    problems: ["tenant-not-found"],
  }),
  getOwnInvoice: define("getOwnInvoice", {
    ...one,
    summary: "Get your own invoice",
    description: whole,
    params: z.strictObject({ month: MonthParam }),
  }),
};
