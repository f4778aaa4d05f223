import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { s3UsageArchiveReader } from "@tenantry/aws/usage-archive-reader";
import { dynamoUsageLedger } from "@tenantry/aws/usage-ledger";
import { dynamoMeters } from "@tenantry/aws/usage-meters";
import { quarantineList } from "@tenantry/aws/usage-quarantine-list";
import { s3RebuildReports } from "@tenantry/aws/usage-rebuilds";
import { meterCatalog } from "@tenantry/core/usage/meter-catalog";

const clock = () => new Date();
const table = setting("USAGE_TABLE");
const bucket = setting("USAGE_BUCKET");
const tables = { quarantine: setting("QUARANTINE_TABLE"), control: setting("CONTROL_TABLE") };

/** What a rebuild reads, and where its reports go. */
export const rebuilding = {
  archive: s3UsageArchiveReader(bucket),
  ledger: dynamoUsageLedger(table),
  quarantine: quarantineList(documents(), tables, bucket),
  meters: meterCatalog(dynamoMeters(table), clock),
  report: s3RebuildReports(bucket),
  clock,
};
