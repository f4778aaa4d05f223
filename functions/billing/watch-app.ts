import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { newId } from "@tenantry/aws/new-id";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { dynamoStandings } from "@tenantry/aws/standings";
import { usageReader } from "@tenantry/aws/usage-reader";

const database = documents();
const table = setting("CONTROL_TABLE");
const clock = () => new Date();

/** What the watch over quotas needs. */
export const ports = {
  registry: dynamoRegistry(database, table),
  standings: dynamoStandings(database, table),
  ...usageReader(setting("USAGE_TABLE"), clock),
  clock,
  newId,
};
