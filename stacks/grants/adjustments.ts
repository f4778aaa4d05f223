import { usageBucket } from "../buckets";
import { allow } from "../functions";
import { cursorSecret } from "../secrets";
import { controlTable, countUsage, indexesOf, usageTable } from "../tables";

/** What it takes to apply a correction: the archive in both directions, and the chunks. */
const applying = {
  environment: {
    CONTROL_TABLE: controlTable.name,
    USAGE_TABLE: usageTable.name,
    USAGE_BUCKET: usageBucket.name,
  },
  permissions: [
    allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], controlTable.arn),
    allow(countUsage, usageTable.arn),
    allow(["s3:GetObject", "s3:PutObject"], $interpolate`${usageBucket.arn}/archive/*`),
    {
      ...allow(["s3:ListBucket"], usageBucket.arn),
      conditions: [{ test: "StringLike", variable: "s3:prefix", values: ["archive/*"] }],
    },
  ],
};

/** What the functions of the corrections' operations may touch. */
export const adjustmentGrants = {
  createAdjustment: { ...applying, timeout: "29 seconds" as const, memory: "1024 MB" as const },
  listAdjustments: {
    environment: { CONTROL_TABLE: controlTable.name, CURSOR_SECRET: cursorSecret.arn },
    permissions: [
      allow(["dynamodb:Query"], indexesOf(controlTable)),
      allow(["secretsmanager:GetSecretValue"], cursorSecret.arn),
    ],
  },
};

// A request may die between its words and its deeds, or the archive may take longer than a request may.
new sst.aws.CronV2("ApplyAdjustments", {
  schedule: "rate(1 minute)",
  function: {
    handler: "functions/metering/apply-adjustments.handler",
    timeout: "14 minutes",
    memory: "1024 MB",
    ...applying,
    permissions: [...applying.permissions, allow(["dynamodb:Query"], indexesOf(controlTable))],
  },
});
