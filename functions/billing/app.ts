import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { s3InvoiceFiles } from "@tenantry/aws/invoice-files";
import { dynamoInvoices } from "@tenantry/aws/invoices";
import { newId } from "@tenantry/aws/new-id";
import { dynamoPlans } from "@tenantry/aws/plans";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { usageReader } from "@tenantry/aws/usage-reader";
import { graceMsOf } from "@tenantry/core/billing/ports";

const database = documents();
const table = setting("CONTROL_TABLE");
const clock = () => new Date();

/** What the schedule of billing needs. */
export const ports = {
  registry: dynamoRegistry(database, table),
  plans: dynamoPlans(database, table),
  invoices: dynamoInvoices(database, table),
  files: s3InvoiceFiles(setting("USAGE_BUCKET")),
  ...usageReader(setting("USAGE_TABLE"), clock),
  graceMs: graceMsOf(setting("BILLING_GRACE_DAYS")),
  clock,
  newId,
};
