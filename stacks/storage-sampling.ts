import { tenantBucket } from "./buckets";
import { database, databaseAdmin } from "./database";
import { allow, trustRds } from "./functions";
import { usageStream } from "./metering";
import { vpc } from "./network";
import { controlTable, indexesOf } from "./tables";

const tenantSecrets = $interpolate`arn:aws:secretsmanager:${aws.getRegionOutput().region}:${aws.getCallerIdentityOutput().accountId}:secret:${$app.name}/${$app.stage}/tenants/*`;

// On the hour: a sample holds from the hour it was taken in.
new sst.aws.CronV2("SampleStorage", {
  schedule: "cron(0 * * * ? *)",
  function: {
    handler: "functions/metering/sample-storage.handler",
    timeout: "15 minutes",
    vpc,
    environment: {
      ...trustRds,
      CONTROL_TABLE: controlTable.name,
      USAGE_STREAM: usageStream.name,
      DATABASE_HOST: database.host,
      DATABASE_PORT: $interpolate`${database.port}`,
      DATABASE_SECRET: databaseAdmin,
    },
    permissions: [
      allow(["dynamodb:Query"], indexesOf(controlTable)),
      allow(["s3:ListBucketVersions"], tenantBucket.arn),
      allow(["secretsmanager:GetSecretValue"], databaseAdmin, tenantSecrets),
      allow(["kinesis:PutRecords"], usageStream.arn),
    ],
  },
});
