import { setting } from "@tenantry/aws/config";
import { s3UsageArchiveReader } from "@tenantry/aws/usage-archive-reader";
import { kinesisUsageStream } from "@tenantry/aws/usage-stream-reader";
import { meterUsage } from "@tenantry/core/usage/meter-usage";
import { unpackStored } from "@tenantry/lambda/stored-record";
import { app } from "./app.ts";

/** What it takes to count a batch that the consumer was given up on. */
export const recovery = {
  stream: kinesisUsageStream(setting("USAGE_STREAM")),
  archive: s3UsageArchiveReader(setting("USAGE_BUCKET")),
  unpack: unpackStored,
  meter: meterUsage(app),
  quarantine: app.quarantine,
};
