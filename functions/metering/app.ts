import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { s3UsageArchive } from "@tenantry/aws/usage-archive";
import { usageCounting } from "@tenantry/aws/usage-counting";
import { s3Quarantine } from "@tenantry/aws/usage-quarantine";
import { tenantCheck } from "@tenantry/core/usage/tenant-check";

const database = documents();
const clock = () => new Date();

/** What the consumer of the usage stream needs. What it saw, it remembers between batches. */
export const app = {
  ...usageCounting(setting("USAGE_TABLE"), clock),
  standing: tenantCheck(dynamoRegistry(database, setting("CONTROL_TABLE")), clock),
  archive: s3UsageArchive(setting("USAGE_BUCKET")),
  quarantine: s3Quarantine(setting("USAGE_BUCKET"), { documents: database, table: setting("QUARANTINE_TABLE"), clock }),
  clock,
};
