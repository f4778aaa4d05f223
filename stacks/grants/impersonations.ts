import { allow, allowKeys } from "../functions";
import { impersonationClient, pool } from "../identity";
import { cursorSecret } from "../secrets";
import { controlTable, indexesOf } from "../tables";

const table = controlTable.arn;
const registry = { CONTROL_TABLE: controlTable.name };

/** What the operations on impersonations may touch. */
export const impersonationGrants = {
  startImpersonation: {
    environment: { ...registry, USER_POOL_ID: pool.id, IMPERSONATION_CLIENT_ID: impersonationClient.id },
    permissions: [
      allowKeys(["dynamodb:GetItem"], ["IMPERSONATION#", "TENANT#", "USER#"], table),
      allowKeys(["dynamodb:PutItem"], ["AUDIT#", "IMPERSONATION#", $interpolate`ISSUER#${pool.id}`], table),
    ],
  },
  listImpersonations: {
    environment: { ...registry, CURSOR_SECRET: cursorSecret.arn },
    permissions: [
      allowKeys(["dynamodb:Query"], ["IMPERSONATIONS#"], indexesOf(controlTable)),
      allow(["secretsmanager:GetSecretValue"], cursorSecret.arn),
    ],
  },
  endImpersonation: {
    environment: registry,
    permissions: [
      allowKeys(["dynamodb:GetItem", "dynamodb:UpdateItem"], ["IMPERSONATION#"], table),
      allowKeys(["dynamodb:PutItem"], ["AUDIT#"], table),
    ],
  },
};
