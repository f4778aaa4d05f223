/** Roles of the platform's staff act on every tenant; roles of tenants act on their own tenant alone. */
export const platformRoles = ["platform-admin", "platform-billing", "platform-support", "platform-auditor"] as const;
export const tenantRoles = ["tenant-owner", "tenant-admin", "tenant-member", "tenant-viewer"] as const;

export type PlatformRole = (typeof platformRoles)[number];
export type TenantRole = (typeof tenantRoles)[number];
export type Role = PlatformRole | TenantRole;

const [admin, billing, support, auditor] = platformRoles;
const [owner, tenantAdmin, member, viewer] = tenantRoles;

/**
 * The one policy table: every permission there is, and the roles that hold it. A route names the permission it needs
 * (`packages/contract/src/routes.ts`); the claim, the authorizer, the service layer and `docs/permissions-of-roles.md`
 * follow from here. One line for each permission.
 */
const policy = {
  "tenants:create": [admin],
  "tenants:read": [admin, billing, support, auditor],
  "operations:read": [admin, support, auditor, owner, tenantAdmin, member, viewer],
  "operations:retry": [admin, support],
  "operations:cancel": [admin],
  "meters:read": [admin, billing, support, auditor],
  "meters:write": [admin],
  "usage:read": [admin, billing, support, auditor, owner, tenantAdmin, member, viewer],
  "usage:write": [admin, owner, tenantAdmin],
  "storage:credentials": [admin, support, owner, tenantAdmin, member],
  "webhooks:manage": [admin],
  "webhooks:read": [admin, support, auditor],
  "users:read": [admin, support, auditor, owner, tenantAdmin, member, viewer],
  "users:manage": [owner, tenantAdmin],
  "roles:manage": [owner],
  "impersonations:read": [admin, support, auditor],
  "impersonations:manage": [admin, support],
  "api-keys:read": [owner, tenantAdmin],
  "api-keys:manage": [owner, tenantAdmin],
  "quarantine:read": [admin, billing, support, auditor],
  "quarantine:redrive": [admin],
  "usage:adjust": [admin, billing],
  "plans:read": [admin, billing, support, auditor],
  "plans:write": [admin, billing],
  "invoices:read": [admin, billing, support, auditor, owner, tenantAdmin],
  "entitlements:read": [admin, billing, support, auditor, owner, tenantAdmin, member, viewer],
  "entitlements:write": [admin, billing],
  "audit:read": [admin, support, auditor, owner, tenantAdmin],
  "billing-accounts:write": [admin, billing],
  "sso:read": [admin, support, auditor, owner, tenantAdmin],
  "sso:write": [admin, support, owner, tenantAdmin],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof policy;

const table: Readonly<Record<Permission, readonly Role[]>> = policy;

/** Every permission, in the order of the table. */
export const permissions = Object.keys(policy) as readonly Permission[];

/** The organisation that runs the platform: the master tenant, whose members act across tenants. */
export const platformOrg = "org_platform";

/** Roles and what they may do. */
export const roles = Object.fromEntries(
  [...platformRoles, ...tenantRoles].map((role) => [role, permissions.filter((one) => table[one].includes(role))]),
) as unknown as Readonly<Record<Role, readonly Permission[]>>;

/** What can be held in a tenant at all, and so be part of a tenant's own roles and of its keys. */
export const tenantPermissions: readonly Permission[] = permissions.filter((one) =>
  tenantRoles.some((role) => table[one].includes(role)),
);

/** A tenant's own role. It can hold permissions of tenants only, whatever is written into it. */
export type CustomRole = { readonly name: string; readonly permissions: readonly string[] };

/** The permissions of these roles, each once, in the order of the table. Unknown roles grant nothing. */
export const permissionsOf = (held: readonly string[], custom: readonly CustomRole[] = []): Permission[] => {
  const own = new Set(custom.filter(({ name }) => held.includes(name)).flatMap((role) => role.permissions));
  return permissions.filter(
    (permission) =>
      table[permission].some((role) => held.includes(role)) ||
      (own.has(permission) && tenantPermissions.includes(permission)),
  );
};
