import { usageBucket } from "./buckets";
import { allow } from "./functions";
import { production } from "./settings";
import { controlTable, quarantineTable, usageTable } from "./tables";

/** Usage events come in here, from any Kinesis client, with the tenant's id as the partition key. */
export const usageStream = new sst.aws.KinesisStream("UsageEvents", {
  transform: {
    stream: {
      streamModeDetails: { streamMode: production ? "ON_DEMAND" : "PROVISIONED" },
      ...(production ? {} : { shardCount: 2 }),
      retentionPeriod: production ? 168 : 24,
      encryptionType: "KMS",
      kmsKeyId: "alias/aws/kinesis",
    },
  },
});

// The last resort after all retries: where the batch stood in the stream, for a replay by hand.
const failures = new sst.aws.Queue("UsageFailures", { transform: { queue: { messageRetentionSeconds: 1_209_600 } } });

const meterUsage = usageStream.subscribe(
  "MeterUsage",
  {
    handler: "functions/metering/meter-usage.handler",
    timeout: "1 minute",
    memory: "1024 MB",
    environment: {
      CONTROL_TABLE: controlTable.name,
      USAGE_TABLE: usageTable.name,
      USAGE_BUCKET: usageBucket.name,
      QUARANTINE_TABLE: quarantineTable.name,
    },
    permissions: [
      allow(["dynamodb:GetItem"], controlTable.arn),
      allow(["dynamodb:PutItem"], quarantineTable.arn),
      allow(["dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:PutItem"], usageTable.arn),
      allow(
        ["s3:PutObject"],
        $interpolate`${usageBucket.arn}/archive/*`,
        $interpolate`${usageBucket.arn}/quarantine/*`,
      ),
      allow(["sqs:SendMessage"], failures.arn),
    ],
  },
  {
    transform: {
      eventSourceMapping: (args) => {
        args.startingPosition = "TRIM_HORIZON";
        // A longer window folds more events into one write: 0.26 write units an event at 2 s, 0.34 at 1 s.
        args.batchSize = 5000;
        args.maximumBatchingWindowInSeconds = 2;
        args.parallelizationFactor = 4;
        args.bisectBatchOnFunctionError = true;
        args.maximumRetryAttempts = 100;
        args.functionResponseTypes = ["ReportBatchItemFailures"];
        args.destinationConfig = { onFailure: { destinationArn: failures.arn } };
      },
    },
  },
);

const alarm = { evaluationPeriods: 1, period: 60, threshold: 0, comparisonOperator: "GreaterThanThreshold" };

// What is set aside bills nobody until somebody looks: `GET /admin/usage/quarantine`.
new aws.cloudwatch.MetricAlarm("QuarantinedUsage", {
  ...alarm,
  alarmDescription: "Usage was set aside: look at GET /admin/usage/quarantine.",
  namespace: "Tenantry",
  metricName: "QuarantinedRecords",
  dimensions: { function_name: meterUsage.nodes.function.apply((fn) => fn.name) },
  statistic: "Sum",
  treatMissingData: "notBreaching",
});
