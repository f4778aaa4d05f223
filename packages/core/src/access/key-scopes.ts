import { type Permission, tenantPermissions } from "./policy.ts";

/** What people alone may do: a key makes no keys, and lets nobody in. */
const peopleOnly: readonly Permission[] = ["api-keys:manage", "roles:manage", "sso:write", "users:manage"];

/** What a tenant's key can be for. */
export const keyScopes: readonly Permission[] = tenantPermissions.filter((one) => !peopleOnly.includes(one));
