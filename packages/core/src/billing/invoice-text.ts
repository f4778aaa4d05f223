import type { FinalizedInvoice, InvoiceLine } from "./invoice.ts";

/** The columns of an invoice's CSV, a row for each line. */
const columns = [
  "number",
  "tenant_id",
  "month",
  "tier",
  "plan_version",
  "charge",
  "kind",
  "description",
  "meter",
  "unit",
  "quantity",
  "included",
  "adjusts_month",
  "adjusts_number",
  "quantity_before",
  "quantity_after",
  "amount",
  "currency",
] as const;

const row = (invoice: FinalizedInvoice, line: InvoiceLine): Record<(typeof columns)[number], string | null> => ({
  number: invoice.number,
  tenant_id: invoice.tenant_id,
  month: invoice.month,
  tier: invoice.tier,
  plan_version: String(invoice.plan.version),
  charge: line.charge,
  kind: line.kind,
  description: line.description,
  meter: line.meter,
  unit: line.unit,
  quantity: line.quantity,
  included: line.included,
  adjusts_month: line.adjusts?.month ?? null,
  adjusts_number: line.adjusts?.number ?? null,
  quantity_before: line.adjusts?.quantity_before ?? null,
  quantity_after: line.adjusts?.quantity_after ?? null,
  amount: line.amount,
  currency: invoice.currency,
});

/**
 * A field by RFC 4180. A description that begins like a formula would be run by a spreadsheet: it gets an apostrophe
 * before it. A negative number is none.
 */
const field = (value: string | null): string => {
  if (value === null) return "";
  const safe = /^[=+@\t\r]|^-(?!\d)/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

const record = (fields: readonly (string | null)[]) => `${fields.map(field).join(",")}\r\n`;

/** An invoice as CSV with a header, a row for each line. */
export const invoiceCsv = (invoice: FinalizedInvoice): string =>
  [
    record(columns),
    ...invoice.lines.map((line) => {
      const values = row(invoice, line);
      return record(columns.map((column) => values[column]));
    }),
  ].join("");

/** An invoice as JSON lines: a line of JSON for each of its lines, with what the invoice says of itself. */
export const invoiceJsonLines = ({ lines, ...invoice }: FinalizedInvoice): string => {
  const { plan, ...head } = invoice;
  return lines
    .map((line) => `${JSON.stringify({ ...head, plan: { tier: plan.tier, version: plan.version }, line })}\n`)
    .join("");
};
