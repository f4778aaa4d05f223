import {
  BatchMeterUsageCommand,
  MarketplaceMeteringClient,
  type UsageRecordResult,
} from "@aws-sdk/client-marketplace-metering";
import type { ExportRecord, SendOutcome, UsageSink } from "@tenantry/core/usage-export/ports";

/** https://docs.aws.amazon.com/marketplace/latest/APIReference/API_marketplace-metering_BatchMeterUsage.html */
const batch = 25;

/** A record is of an hour that ended less than an hour before, and must not be more than six hours old. */
const resendMs = 3.5 * 3_600_000;

/** The most units that one record can have. */
const most = 2_147_483_647n;

const same = (record: ExportRecord, { UsageRecord: of }: UsageRecordResult): boolean =>
  of?.CustomerIdentifier === record.customer &&
  of.Dimension === record.name &&
  of.Timestamp?.getTime() === record.at.getTime();

const outcomeOf = (result: UsageRecordResult | undefined): SendOutcome => {
  switch (result?.Status) {
    case "Success":
      return { kind: "taken" };
    case undefined:
      return { kind: "unknown", reason: "AWS Marketplace has not processed it." };
    // The hour has another quantity already, and this one was not honored.
    case "DuplicateRecord":
      return { kind: "refused", reason: "AWS Marketplace has another record of this hour." };
    default:
      return { kind: "refused", reason: `AWS Marketplace says ${result?.Status}.` };
  }
};

/** `base` is the address of what stands in for AWS Marketplace. */
type MarketplaceAt = { readonly base?: string | undefined; readonly client?: MarketplaceMeteringClient };

/**
 * Usage as records of AWS Marketplace's metering, one for each customer, dimension and hour: the same record again is
 * the same record. What comes late goes into the hour in which it is sent.
 */
export const marketplaceSink = (
  productCode: string,
  { base, client = new MarketplaceMeteringClient(base === undefined ? {} : { endpoint: base }) }: MarketplaceAt = {},
): UsageSink => ({
  name: "marketplace",
  batch,
  resendMs,
  backdates: false,
  async send(records) {
    const large = records.filter(({ units }) => units > most);
    const UsageRecords = records
      .filter((record) => !large.includes(record))
      .map(({ customer, name, units, at }) => ({
        CustomerIdentifier: customer,
        Dimension: name,
        Quantity: Number(units),
        Timestamp: at,
      }));
    const { Results = [] } =
      UsageRecords.length === 0
        ? {}
        : await client.send(new BatchMeterUsageCommand({ ProductCode: productCode, UsageRecords }));
    return records.map((record) =>
      large.includes(record)
        ? { kind: "refused", reason: `${record.units} units are more than one record can have.` }
        : outcomeOf(Results.find((result) => same(record, result))),
    );
  },
});
