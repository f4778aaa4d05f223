import { closeMonths } from "@tenantry/core/billing/close-months";
import { exportInvoices } from "@tenantry/core/billing/export-invoices";
import { errorFields, log } from "@tenantry/lambda/log";
import { ports } from "./app.ts";

const close = closeMonths(ports);
const write = exportInvoices(ports);

export const handler = async (): Promise<void> => {
  const { month, finalized, errors } = await close();
  log("info", "months closed", { operation: "close-months", month, finalized, failures: errors.length });
  for (const error of errors) log("error", "invoice not finalized", errorFields(error));
  log("info", "invoices exported", { operation: "close-months", exported: await write() });
};
