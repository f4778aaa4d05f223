import { type Permission, tenantPermissions } from "@tenantry/core/access/policy";
import type { Route } from "./routes.ts";

/**
 * What a tenant may go on with once a hard quota is reached: to see why, in usage, entitlements and invoices; to find
 * what uses too much, by its keys and users; and to tell of usage, which a refusal would only hide.
 */
const goesOn: ReadonlySet<Permission> = new Set([
  "usage:read",
  "usage:write",
  "entitlements:read",
  "invoices:read",
  "api-keys:read",
  "users:read",
]);

/**
 * Whether a tenant's hard quota refuses it: whatever else a tenant asks of the platform, reading too. Deleting is never
 * refused, nor what users do for themselves, such as ending a session.
 */
export const isQuotaBound = ({ method, permission }: Route): boolean =>
  method !== "DELETE" && tenantPermissions.some((of) => of === permission && !goesOn.has(of));
