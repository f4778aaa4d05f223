import { exportSettings } from "@tenantry/core/usage-export/settings";
import { alarm } from "./alarms";
import { usageBucket } from "./buckets";
import { allow } from "./functions";
import { billingExports, billingGraceDays } from "./settings";
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

// Deployed only where there is something to export to. A slip in the settings fails the deployment.
if (billingExports !== undefined) {
  const { stripe, marketplace } = exportSettings(billingExports);
  const exporting = new sst.aws.CronV2("ExportUsage", {
    // Some minutes after the hour, so that what came at its end is counted.
    schedule: "cron(10 * * * ? *)",
    function: {
      handler: "functions/billing/export-usage.handler",
      timeout: "15 minutes",
      environment: {
        CONTROL_TABLE: controlTable.name,
        USAGE_TABLE: usageTable.name,
        BILLING_EXPORTS: billingExports,
      },
      permissions: [
        allow(["dynamodb:GetItem", "dynamodb:PutItem"], controlTable.arn),
        allow(["dynamodb:Query"], indexesOf(controlTable)),
        allow(["dynamodb:GetItem", "dynamodb:Query"], usageTable.arn),
        // With the six characters that AWS adds to a secret's name, or without them.
        ...(stripe === undefined
          ? []
          : [allow(["secretsmanager:GetSecretValue"], stripe.secret_arn, `${stripe.secret_arn}-??????`)]),
        // It names no resource.
        ...(marketplace === undefined ? [] : [allow(["aws-marketplace:BatchMeterUsage"], "*")]),
      ],
    },
  });

  alarm("UnexportedUsage", {
    says: "Usage was not taken by who bills it: the log of ExportUsage says why.",
    metric: "Tenantry UnexportedUsage",
    dimensions: { function_name: exporting.nodes.function.apply((fn) => fn.name) },
    statistic: "Sum",
    period: 3600,
  });
}
