import { allow } from "../functions";
import { cursorSecret } from "../secrets";
import { controlTable, indexesOf, usageTable } from "../tables";

const environment = { CONTROL_TABLE: controlTable.name, USAGE_TABLE: usageTable.name };
const readTenants = allow(["dynamodb:GetItem"], controlTable.arn);
const readUsage = allow(["dynamodb:GetItem", "dynamodb:Query"], usageTable.arn);
const ofOne = { environment, permissions: [readTenants, readUsage], timeout: "29 seconds" as const };

/** What the operations on usage and its meters may touch. */
export const usageGrants = {
  getTenantUsage: ofOne,
  getTenantUsageChart: { ...ofOne, memory: "1024 MB" as const },
  getOwnUsage: ofOne,
  listUsage: {
    environment: { ...environment, CURSOR_SECRET: cursorSecret.arn },
    permissions: [
      readUsage,
      allow(["dynamodb:Query"], indexesOf(controlTable)),
      allow(["secretsmanager:GetSecretValue"], cursorSecret.arn),
    ],
    timeout: "29 seconds",
  },
  listMeters: { environment, permissions: [allow(["dynamodb:GetItem"], usageTable.arn)] },
  putMeter: {
    environment,
    permissions: [
      allow(["dynamodb:GetItem", "dynamodb:PutItem"], usageTable.arn),
      allow(["dynamodb:PutItem"], controlTable.arn),
    ],
  },
} satisfies Record<string, Omit<sst.aws.FunctionArgs, "handler">>;
