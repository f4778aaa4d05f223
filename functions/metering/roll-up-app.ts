import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { dynamoMeters } from "@tenantry/aws/usage-meters";
import { dynamoUsageRollUps } from "@tenantry/aws/usage-roll-ups";
import { dynamoUsageTotals } from "@tenantry/aws/usage-totals";

const table = setting("USAGE_TABLE");

/** What rolling up needs. */
export const ports = {
  registry: dynamoRegistry(documents(), setting("CONTROL_TABLE")),
  usage: dynamoUsageTotals(table),
  rollUps: dynamoUsageRollUps(table),
  meters: dynamoMeters(table),
  clock: () => new Date(),
};
