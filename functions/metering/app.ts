import { setTimeout } from "node:timers/promises";
import { setting } from "@tenantry/aws/config";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { s3UsageArchive } from "@tenantry/aws/usage-archive";
import { dynamoUsageChunks } from "@tenantry/aws/usage-pages";
import { s3Quarantine } from "@tenantry/aws/usage-quarantine";
import { chunkWriter } from "@tenantry/core/usage/chunk-writer";
import { tenantCheck } from "@tenantry/core/usage/tenant-check";

const database = documents();
const clock = () => new Date();
const sleep = (ms: number) => setTimeout(ms);

/** What the consumer of the usage stream needs. Writer and tenant check remember what they saw between batches. */
export const app = {
  writer: chunkWriter({ chunks: dynamoUsageChunks(setting("USAGE_TABLE")), sleep, random: Math.random }),
  standing: tenantCheck(dynamoRegistry(database, setting("CONTROL_TABLE")), clock),
  archive: s3UsageArchive(setting("USAGE_BUCKET")),
  quarantine: s3Quarantine(setting("USAGE_BUCKET"), { documents: database, table: setting("QUARANTINE_TABLE"), clock }),
  clock,
};
