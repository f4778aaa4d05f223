import { impersonable } from "@tenantry/core/access/impersonation";
import {
  type Permission,
  permissions,
  platformRoles,
  type Role,
  roles,
  tenantRoles,
} from "@tenantry/core/access/policy";
import { type Route, routes } from "./routes.ts";

const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const columns: readonly Role[] = [...platformRoles, ...tenantRoles];

const mark = (role: Role, permission: Permission) => (roles[role].includes(permission) ? "✓" : "");

const operationsOf = (permission: Permission) =>
  Object.values<Route>(routes)
    .filter((route) => route.permission === permission)
    .map(({ method, path }) => `\`${method} ${path}\``)
    .join("<br>");

/** `docs/permissions-of-roles.md` as it is committed: the policy table for people. */
export const permissionsPage = (): string =>
  [
    "# Who may do what",
    "",
    "Made from the policy table (`packages/core/src/access/policy.ts`) by `npm run openapi`. Roles of the platform act on",
    "every tenant; roles of a tenant act on their own tenant alone, and cannot tell another's from none. What support may do",
    "on behalf of a user ([impersonation](identity.md#impersonation)) is both the user's and of this list:",
    `${impersonable.map((one) => `\`${one}\``).join(", ")}.`,
    "",
    row(["permission", ...columns.map((role) => role.replace("-", "-<br>")), "operations"]),
    row(["---", ...columns.map(() => ":-:"), "---"]),
    ...permissions.map((permission) =>
      row([`\`${permission}\``, ...columns.map((role) => mark(role, permission)), operationsOf(permission)]),
    ),
    "",
  ].join("\n");
