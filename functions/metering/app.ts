import { setTimeout } from "node:timers/promises";
import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { s3UsageArchive } from "@tenantry/aws/usage-archive";
import { dynamoMeters } from "@tenantry/aws/usage-meters";
import { dynamoUsageChunks } from "@tenantry/aws/usage-pages";
import { s3Quarantine } from "@tenantry/aws/usage-quarantine";
import { dynamoUsageSeries } from "@tenantry/aws/usage-series";
import { admitSeries } from "@tenantry/core/usage/admit";
import { chunkWriter } from "@tenantry/core/usage/chunk-writer";
import { meterCatalog } from "@tenantry/core/usage/meter-catalog";
import { tenantCheck } from "@tenantry/core/usage/tenant-check";

const database = documents();
const clock = () => new Date();
const waiting = { sleep: (ms: number) => setTimeout(ms), random: Math.random };
const table = setting("USAGE_TABLE");

/** What the consumer of the usage stream needs. What it saw, it remembers between batches. */
export const app = {
  writer: chunkWriter({ chunks: dynamoUsageChunks(table), clock, ...waiting }),
  meters: meterCatalog(dynamoMeters(table), clock),
  admit: admitSeries({ store: dynamoUsageSeries(table), ...waiting }),
  standing: tenantCheck(dynamoRegistry(database, setting("CONTROL_TABLE")), clock),
  archive: s3UsageArchive(setting("USAGE_BUCKET")),
  quarantine: s3Quarantine(setting("USAGE_BUCKET"), { documents: database, table: setting("QUARANTINE_TABLE"), clock }),
  clock,
};
