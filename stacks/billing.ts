import { usageBucket } from "./buckets";
import { allow } from "./functions";
import { billingGraceDays } from "./settings";
import { controlTable, indexesOf, usageTable } from "./tables";

// Finalizes the month whose grace period is over. Most runs find that it is done already.
new sst.aws.CronV2("CloseMonths", {
  schedule: "rate(1 hour)",
  function: {
    handler: "functions/billing/close-months.handler",
    timeout: "15 minutes",
    memory: "1024 MB",
    environment: {
      CONTROL_TABLE: controlTable.name,
      USAGE_TABLE: usageTable.name,
      USAGE_BUCKET: usageBucket.name,
      BILLING_GRACE_DAYS: billingGraceDays,
    },
    permissions: [
      allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:UpdateItem"], controlTable.arn),
      allow(["dynamodb:Query"], indexesOf(controlTable)),
      allow(["dynamodb:GetItem", "dynamodb:Query"], usageTable.arn),
      allow(["s3:PutObject"], $interpolate`${usageBucket.arn}/invoices/*`),
    ],
  },
});
