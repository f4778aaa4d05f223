import { setting } from "@tenantry/aws/config";
import { databaseSizes } from "@tenantry/aws/database-size";
import { documents } from "@tenantry/aws/dynamo";
import { dynamoRegistry } from "@tenantry/aws/registry";
import { folderSizes } from "@tenantry/aws/storage-size";
import { loginFrom } from "@tenantry/aws/tenant-secrets";
import { kinesisUsageSink } from "@tenantry/aws/usage-sink";
import { sampleStorage } from "@tenantry/core/intake/sample-storage";

const masterArn = setting("DATABASE_SECRET");

/** What weighs the tenants' files and databases. */
export const sample = sampleStorage({
  registry: dynamoRegistry(documents(), setting("CONTROL_TABLE")),
  files: folderSizes(),
  databases: databaseSizes({
    host: setting("DATABASE_HOST"),
    port: Number(setting("DATABASE_PORT")),
    masterArn,
    admin: loginFrom(masterArn),
  }),
  sink: kinesisUsageSink(setting("USAGE_STREAM")),
  clock: () => new Date(),
});
