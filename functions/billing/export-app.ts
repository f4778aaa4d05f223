import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoBillingAccounts, dynamoExportCursors } from "@tenantry/aws/export-cursors";
import { marketplaceSink } from "@tenantry/aws/marketplace-sink";
import { newId } from "@tenantry/aws/new-id";
import { secretValue } from "@tenantry/aws/signer";
import { stripeSink } from "@tenantry/aws/stripe-sink";
import { usageReader } from "@tenantry/aws/usage-reader";
import type { Exporter } from "@tenantry/core/usage-export/ports";
import { exportSettings } from "@tenantry/core/usage-export/settings";

const database = documents();
const table = setting("CONTROL_TABLE");
const clock = () => new Date();
const { stripe, marketplace } = exportSettings(setting("BILLING_EXPORTS"));

/** What the export of usage needs. */
export const ports = {
  accounts: dynamoBillingAccounts(database, table),
  cursors: dynamoExportCursors(database, table),
  readUsage: usageReader(setting("USAGE_TABLE"), clock).readUsage,
  clock,
  newId,
};

/** Where this deployment exports to. */
export const exporters: readonly Exporter[] = [
  ...(stripe === undefined
    ? []
    : [{ sink: stripeSink(secretValue(stripe.secret_arn), stripe.api_base), meters: stripe.meters }]),
  ...(marketplace === undefined
    ? []
    : [
        {
          sink: marketplaceSink(marketplace.product_code, { base: marketplace.api_base }),
          meters: marketplace.meters,
        },
      ]),
];
