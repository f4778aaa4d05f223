import type { Operation } from "./define.ts";
import type { OperationName } from "./routes.ts";
import { adjustmentOperations } from "./adjustment-operations.ts";
import { auditOperations } from "./audit-operations.ts";
import { billingOperations } from "./billing-operations.ts";
import { entitlementOperations } from "./entitlement-operations.ts";
import { impersonationOperations } from "./impersonation-operations.ts";
import { intakeOperations } from "./intake-operations.ts";
import { keyOperations } from "./key-operations.ts";
import { quarantineOperations } from "./quarantine-operations.ts";
import { serviceOperations } from "./service-operations.ts";
import { sessionOperations } from "./session-operations.ts";
import { ssoOperations } from "./sso-operations.ts";
import { storageOperations } from "./storage-operations.ts";
import { tenantOperations } from "./tenant-operations.ts";
import { usageOperations } from "./usage-operations.ts";
import { userOperations } from "./user-operations.ts";
import { webhookOperations } from "./webhook-operations.ts";

export type { OperationName } from "./routes.ts";

/** Every operation of the API by its id. `functions/api/<id in kebab-case>.ts` answers it, and loads no more than its group. */
export const operations = {
  ...tenantOperations,
  ...usageOperations,
  ...intakeOperations,
  ...sessionOperations,
  ...userOperations,
  ...ssoOperations,
  ...impersonationOperations,
  ...keyOperations,
  ...storageOperations,
  ...webhookOperations,
  ...quarantineOperations,
  ...adjustmentOperations,
  ...billingOperations,
  ...entitlementOperations,
  ...auditOperations,
  ...serviceOperations,
} as const satisfies { [Id in OperationName]: Operation & { id: Id } };
