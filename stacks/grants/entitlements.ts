import { allow } from "../functions";
import { controlTable, usageTable } from "../tables";

const environment = { CONTROL_TABLE: controlTable.name, USAGE_TABLE: usageTable.name };
const readTenant = allow(["dynamodb:GetItem"], controlTable.arn);
const readUsage = allow(["dynamodb:GetItem", "dynamodb:Query"], usageTable.arn);
const read = { environment, permissions: [readTenant, readUsage], timeout: "29 seconds" as const };

/** What the operations on entitlements may touch. */
export const entitlementGrants = {
  getEntitlements: read,
  getOwnEntitlements: read,
  putEntitlements: {
    ...read,
    permissions: [allow(["dynamodb:GetItem", "dynamodb:PutItem"], controlTable.arn), readUsage],
  },
};
