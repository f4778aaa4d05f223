import { usageBucket } from "../buckets";
import { allow } from "../functions";
import { cursorSecret } from "../secrets";
import { controlTable, countUsage, indexesOf, quarantineTable, usageTable } from "../tables";

const environment = {
  CONTROL_TABLE: controlTable.name,
  QUARANTINE_TABLE: quarantineTable.name,
  USAGE_BUCKET: usageBucket.name,
};
const look = [
  allow(["dynamodb:GetItem"], quarantineTable.arn),
  allow(["s3:GetObject"], $interpolate`${usageBucket.arn}/quarantine/*`),
];

/** What the functions of the quarantine's operations may touch. */
export const quarantineGrants = {
  listQuarantine: {
    environment: { ...environment, CURSOR_SECRET: cursorSecret.arn },
    permissions: [
      allow(["dynamodb:Query"], indexesOf(quarantineTable)),
      allow(["secretsmanager:GetSecretValue"], cursorSecret.arn),
    ],
  },
  getQuarantined: { environment, permissions: look },
  redriveQuarantined: {
    environment: { ...environment, USAGE_TABLE: usageTable.name },
    permissions: [
      ...look,
      allow(["dynamodb:PutItem"], quarantineTable.arn),
      allow(["dynamodb:GetItem", "dynamodb:PutItem"], controlTable.arn),
      allow(countUsage, usageTable.arn),
      allow(["s3:PutObject"], $interpolate`${usageBucket.arn}/archive/*`),
    ],
    timeout: "29 seconds" as const,
    memory: "1024 MB" as const,
  },
};
