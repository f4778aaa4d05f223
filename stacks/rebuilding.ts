import { alarm } from "./alarms";
import { rebuildUsage } from "../workflows/rebuild-usage";
import { usageBucket } from "./buckets";
import { allow } from "./functions";
import { controlTable, indexesOf, quarantineTable, usageTable } from "./tables";

const rebuild = new sst.aws.Function("RebuildUsage", {
  handler: "functions/metering/rebuild-usage.handler",
  timeout: "14 minutes",
  memory: "2048 MB",
  environment: {
    CONTROL_TABLE: controlTable.name,
    USAGE_TABLE: usageTable.name,
    USAGE_BUCKET: usageBucket.name,
    QUARANTINE_TABLE: quarantineTable.name,
  },
  permissions: [
    allow(["dynamodb:GetItem", "dynamodb:Query"], usageTable.arn),
    allow(["dynamodb:Query"], indexesOf(quarantineTable)),
    allow(["s3:GetObject"], $interpolate`${usageBucket.arn}/archive/*`),
    {
      ...allow(["s3:ListBucket"], usageBucket.arn),
      conditions: [{ test: "StringLike", variable: "s3:prefix", values: ["archive/*"] }],
    },
    allow(["s3:PutObject"], $interpolate`${usageBucket.arn}/rebuilds/*`),
  ],
});

const role = new aws.iam.Role("RebuildUsageMachineRole", {
  assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "states.amazonaws.com" }),
  inlinePolicies: [
    {
      name: "invoke",
      policy: $jsonStringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Action: "lambda:InvokeFunction", Resource: rebuild.arn }],
      }),
    },
  ],
});

/** Rebuilds what a tenant used from the archive, and compares. */
export const rebuilding = new aws.sfn.StateMachine("RebuildUsageMachine", {
  roleArn: role.arn,
  definition: $jsonStringify(rebuildUsage(rebuild.arn)),
});

// A few tenants each night: whether what is kept is what was sent must not wait for somebody to ask.
new sst.aws.CronV2("SampleRebuilds", {
  schedule: "cron(30 3 * * ? *)",
  function: {
    handler: "functions/metering/sample-rebuilds.handler",
    timeout: "1 minute",
    environment: { CONTROL_TABLE: controlTable.name, REBUILD_STATE_MACHINE: rebuilding.arn },
    permissions: [allow(["dynamodb:Query"], indexesOf(controlTable)), allow(["states:StartExecution"], rebuilding.arn)],
  },
});

alarm("UsageDiffers", {
  says: "What is kept of usage is not what the archive says: look at the reports of RebuildUsageMachine.",
  metric: "Tenantry UsageDifferences",
  dimensions: { function_name: rebuild.name },
  statistic: "Sum",
  period: 300,
});
