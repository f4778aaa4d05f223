import { allow } from "../functions";
import { cursorSecret } from "../secrets";
import { billingGraceDays } from "../settings";
import { controlTable, usageTable } from "../tables";

const registry = { CONTROL_TABLE: controlTable.name };
const read = allow(["dynamodb:GetItem", "dynamodb:Query"], controlTable.arn);
const readUsage = allow(["dynamodb:GetItem", "dynamodb:Query"], usageTable.arn);

const plans = { environment: registry, permissions: [allow(["dynamodb:Query"], controlTable.arn)] };

const invoice = {
  environment: { ...registry, USAGE_TABLE: usageTable.name, BILLING_GRACE_DAYS: billingGraceDays },
  permissions: [read, readUsage],
  timeout: "29 seconds" as const,
};

const invoices = {
  environment: { ...registry, CURSOR_SECRET: cursorSecret.arn },
  permissions: [read, allow(["secretsmanager:GetSecretValue"], cursorSecret.arn)],
};

/** What the operations on plans and invoices may touch. */
export const billingGrants = {
  listPlans: plans,
  getPlan: plans,
  putPlan: {
    environment: { ...registry, USAGE_TABLE: usageTable.name },
    permissions: [
      allow(["dynamodb:PutItem", "dynamodb:Query"], controlTable.arn),
      allow(["dynamodb:GetItem"], usageTable.arn),
    ],
  },
  putBillingAccount: {
    environment: registry,
    permissions: [allow(["dynamodb:GetItem", "dynamodb:PutItem"], controlTable.arn)],
  },
  listInvoices: invoices,
  getInvoice: invoice,
  listOwnInvoices: invoices,
  getOwnInvoice: invoice,
};
