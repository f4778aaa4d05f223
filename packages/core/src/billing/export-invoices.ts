import type { BillingPorts, InvoiceFiles } from "./ports.ts";

const batch = 100;

/** Writes the files of invoices that have none, each at least once. What fails is tried again by the next run. */
export const exportInvoices =
  (ports: Pick<BillingPorts, "invoices"> & { readonly files: InvoiceFiles }) => async (): Promise<number> => {
    let exported = 0;
    for (let rest = await ports.invoices.unexported(batch); rest.length > 0;) {
      for (const invoice of rest) {
        await ports.files.put(invoice);
        await ports.invoices.exported(invoice);
        exported++;
      }
      if (rest.length < batch) break;
      rest = await ports.invoices.unexported(batch);
    }
    return exported;
  };
