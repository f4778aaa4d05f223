import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { FinalizedInvoice } from "@tenantry/core/billing/invoice";
import { invoiceCsv, invoiceJsonLines } from "@tenantry/core/billing/invoice-text";
import type { InvoiceFiles } from "@tenantry/core/billing/ports";

/** `invoices/2026-10/2026-000017-ten_….csv` and `.jsonl`: the same invoice always has the same keys. */
export const invoiceKey = ({ month, number, tenant_id }: FinalizedInvoice, extension: "csv" | "jsonl") =>
  `invoices/${month}/${number}-${tenant_id}.${extension}`;

/** Invoices as objects of a bucket, one as CSV and one as JSON lines. */
export const s3InvoiceFiles = (bucket: string, s3 = new S3Client({})): InvoiceFiles => ({
  async put(invoice) {
    const put = (extension: "csv" | "jsonl", Body: string, ContentType: string) =>
      s3.send(new PutObjectCommand({ Bucket: bucket, Key: invoiceKey(invoice, extension), Body, ContentType }));
    await put("jsonl", invoiceJsonLines(invoice), "application/x-ndjson");
    await put("csv", invoiceCsv(invoice), "text/csv; charset=utf-8");
  },
});
