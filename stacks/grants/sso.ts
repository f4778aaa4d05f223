import { allowKeys } from "../functions";
import { manageSso } from "../identity";
import { ssoAllowedHosts } from "../settings";
import { controlTable } from "../tables";

const table = controlTable.arn;
const registry = { CONTROL_TABLE: controlTable.name };
const read = allowKeys(["dynamodb:GetItem"], ["ISSUER#", "TENANT#"], table);

/** What the functions of single sign-on may touch: one reads, one writes. */
export const ssoGrants = {
  getSso: { environment: registry, permissions: [read] },
  putSso: {
    environment: { ...registry, SSO_ALLOWED_HOSTS: ssoAllowedHosts },
    permissions: [
      read,
      allowKeys(["dynamodb:UpdateItem"], ["ISSUER#", "TENANT#"], table),
      allowKeys(["dynamodb:PutItem"], ["AUDIT#"], table),
      ...manageSso,
    ],
    timeout: "29 seconds" as const, // Cognito asks the provider
  },
};
