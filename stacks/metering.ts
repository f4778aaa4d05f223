import { alarm } from "./alarms";
import { usageBucket } from "./buckets";
import { allow } from "./functions";
import { production } from "./settings";
import { controlTable, countUsage, indexesOf, quarantineTable, usageTable } from "./tables";

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

const fortnight = { transform: { queue: { messageRetentionSeconds: 1_209_600 } } };

// Where batches stood that not even their recovery could settle; it has an alarm.
const lost = new sst.aws.Queue("UsageLost", fortnight);

/** After all retries: where the batch stood in the stream. */
const failures = new sst.aws.Queue("UsageFailures", {
  ...fortnight,
  // Six times what a recovery may take.
  visibilityTimeout: "6 minutes",
  dlq: { queue: lost.arn, retry: 5 },
});

/** What a function needs that counts records of the stream. */
const counting = {
  environment: {
    CONTROL_TABLE: controlTable.name,
    USAGE_TABLE: usageTable.name,
    USAGE_BUCKET: usageBucket.name,
    QUARANTINE_TABLE: quarantineTable.name,
  },
  permissions: [
    allow(["dynamodb:GetItem"], controlTable.arn),
    allow(["dynamodb:PutItem"], quarantineTable.arn),
    allow(countUsage, usageTable.arn),
    allow(["s3:PutObject"], $interpolate`${usageBucket.arn}/archive/*`, $interpolate`${usageBucket.arn}/quarantine/*`),
  ],
};

const meterUsage = usageStream.subscribe(
  "MeterUsage",
  {
    handler: "functions/metering/meter-usage.handler",
    timeout: "1 minute",
    memory: "1024 MB",
    environment: counting.environment,
    permissions: [...counting.permissions, allow(["sqs:SendMessage"], failures.arn)],
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

const recoverUsage = failures.subscribe(
  {
    handler: "functions/metering/recover-usage.handler",
    timeout: "1 minute",
    memory: "1024 MB",
    environment: { ...counting.environment, USAGE_STREAM: usageStream.name },
    permissions: [
      ...counting.permissions,
      allow(["kinesis:GetShardIterator", "kinesis:GetRecords"], usageStream.arn),
      allow(["s3:GetObject"], $interpolate`${usageBucket.arn}/archive/*`),
      {
        ...allow(["s3:ListBucket"], usageBucket.arn),
        conditions: [{ test: "StringLike", variable: "s3:prefix", values: ["archive/*"] }],
      },
    ],
  },
  { batch: { size: 1, partialResponses: true } },
);

// What is set aside bills nobody until somebody looks: `GET /admin/usage/quarantine`.
for (const [name, consumer] of [
  ["QuarantinedUsage", meterUsage],
  ["QuarantinedBatches", recoverUsage],
] as const)
  alarm(name, {
    says: "Usage was set aside: look at GET /admin/usage/quarantine.",
    metric: "Tenantry QuarantinedRecords",
    dimensions: { function_name: consumer.nodes.function.apply((fn) => fn.name) },
    statistic: "Sum",
  });

alarm("LostUsage", {
  says: "A batch of usage could not be recovered: docs/metering-operations.md tells what to do.",
  metric: "AWS/SQS ApproximateNumberOfMessagesVisible",
  dimensions: { QueueName: lost.nodes.queue.name },
  statistic: "Maximum",
});

const rollingUp = {
  environment: { CONTROL_TABLE: controlTable.name, USAGE_TABLE: usageTable.name },
  permissions: [
    allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"], usageTable.arn),
  ],
};

// An event that came after its day was over left the day marked: it is rolled up again within seconds.
usageTable.subscribe(
  "RollUpLateUsage",
  { handler: "functions/metering/roll-up-late-usage.handler", timeout: "2 minutes", ...rollingUp },
  {
    filters: [{ dynamodb: { NewImage: { late: { BOOL: [true] } } } }],
    transform: {
      eventSourceMapping: (args) => {
        args.startingPosition = "TRIM_HORIZON";
        args.batchSize = 1000;
        args.maximumBatchingWindowInSeconds = 5;
        args.functionResponseTypes = ["ReportBatchItemFailures"];
        args.bisectBatchOnFunctionError = true;
      },
    },
  },
);

// Past midnight, every tenant's day; again each hour, for whoever was not reached and for what was written meanwhile.
new sst.aws.CronV2("RollUpUsage", {
  schedule: "cron(15 * * * ? *)",
  function: {
    handler: "functions/metering/roll-up-usage.handler",
    timeout: "15 minutes",
    ...rollingUp,
    permissions: [...rollingUp.permissions, allow(["dynamodb:Query"], indexesOf(controlTable))],
  },
});
