/** Every permission there is. A route names the one it needs; a role is a set of them. */
export const permissions = [
  "tenants:create",
  "tenants:read",
  "operations:read",
  "operations:retry",
  "operations:cancel",
  "usage:read",
  "storage:credentials",
  "webhooks:manage",
  "webhooks:read",
] as const;

export type Permission = (typeof permissions)[number];

/** The organisation that runs the platform: the master tenant, whose members act across tenants. */
export const platformOrg = "org_platform";

/**
 * Roles and what they may do. Platform roles act on every tenant; tenant roles act on their own (`org_id`) alone.
 */
export const roles = {
  "platform-admin": [
    "tenants:create",
    "tenants:read",
    "operations:read",
    "operations:retry",
    "operations:cancel",
    "usage:read",
    "storage:credentials",
    "webhooks:manage",
    "webhooks:read",
  ],
  "platform-billing": ["tenants:read", "usage:read"],
  "platform-support": [
    "tenants:read",
    "operations:read",
    "operations:retry",
    "usage:read",
    "storage:credentials",
    "webhooks:read",
  ],
  "tenant-owner": ["usage:read", "storage:credentials"],
} as const satisfies Record<string, readonly Permission[]>;

export type Role = keyof typeof roles;

/** Platform roles are the names of the Cognito groups that grant them. */
export const platformRoles = Object.keys(roles).filter((role): role is Role => role.startsWith("platform-"));

/** The permissions of these roles, each once, in the order of `permissions`. Unknown roles grant nothing. */
export const permissionsOf = (held: readonly string[]): Permission[] =>
  permissions.filter((permission) =>
    held.some((role) => Object.hasOwn(roles, role) && (roles[role as Role] as readonly string[]).includes(permission)),
  );
