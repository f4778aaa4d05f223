import { authorise, ownTenant } from "../access/authorise.ts";
import { type CustomRole, type Permission, permissionsOf, roles as builtIn, tenantRoles } from "../access/policy.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import { requireWithin } from "./grantable.ts";
import type { UserPorts } from "./ports.ts";

/** A tenant has at most so many roles of its own, so that a token can be made by one read of them. */
export const maxCustomRoles = 20;

export type RoleView = { readonly name: string; readonly built_in: boolean; readonly permissions: readonly string[] };

type Ports = Pick<UserPorts, "roles" | "clock" | "newId">;

/** The roles that users of the caller's tenant can have. */
export const listRoles =
  (ports: Pick<UserPorts, "roles">) =>
  async (ctx: Context): Promise<RoleView[]> => {
    const tenantId = ownTenant(ctx);
    authorise(ctx, "users:read", tenantId);
    const own = await ports.roles.of(tenantId);
    return [
      ...tenantRoles.map((name) => ({ name, built_in: true, permissions: builtIn[name] })),
      ...own.map(({ name, permissions }) => ({ name, built_in: false, permissions })),
    ];
  };

/** @throws Problem `role-beyond-own` where the role held more than the caller before, `role-not-found`. */
const loadBelow = async (ports: Ports, ctx: Context, tenantId: string, name: string) => {
  const own = await ports.roles.of(tenantId);
  const before = own.find((role) => role.name === name) ?? null;
  if (before !== null) requireWithin(ctx, permissionsOf([name], [before]));
  return { before, count: own.length };
};

/**
 * Makes or changes a role of the caller's tenant. All tokens of the tenant's users are refused within half a minute, and
 * refreshed ones have the change.
 *
 * @throws Problem `role-beyond-own` for a permission that the caller lacks, `quota-used-up`.
 */
export const putRole =
  (ports: Ports) =>
  async (ctx: Context, input: { name: string; permissions: readonly Permission[] }): Promise<RoleView> => {
    const tenantId = ownTenant(ctx);
    authorise(ctx, "roles:manage", tenantId);
    requireWithin(ctx, input.permissions);
    const { before, count } = await loadBelow(ports, ctx, tenantId, input.name);
    if (before === null && count >= maxCustomRoles)
      throw new Problem("quota-used-up", `A tenant has at most ${maxCustomRoles} roles of its own.`);
    const role: CustomRole = { name: input.name, permissions: [...new Set(input.permissions)] };
    const at = ports.clock().toISOString();
    const audit = auditEntry(ports, ctx, { action: "role.put", tenantId, before, after: role });
    await ports.roles.put(tenantId, role, at, { audit, events: [] });
    return { ...role, built_in: false };
  };

/** Takes a role away, and with it what it permitted to whoever has it. @throws Problem `role-not-found` */
export const deleteRole =
  (ports: Ports) =>
  async (ctx: Context, { name }: { name: string }): Promise<RoleView> => {
    const tenantId = ownTenant(ctx);
    authorise(ctx, "roles:manage", tenantId);
    const { before } = await loadBelow(ports, ctx, tenantId, name);
    const none = new Problem("role-not-found", `There is no role ${name}.`);
    if (before === null) throw none;
    const audit = auditEntry(ports, ctx, { action: "role.delete", tenantId, before });
    if (!(await ports.roles.remove(tenantId, name, { audit, events: [] }))) throw none;
    return { ...before, built_in: false };
  };
