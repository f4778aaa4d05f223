import { platformOrg, type Permission, permissionsOf, tenantRoles } from "../access/policy.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import type { CustomRole } from "../access/policy.ts";

/** The first of these permissions that the caller does not hold; members of the platform stand above tenants. */
const lacking = (ctx: Context, wanted: readonly Permission[]): Permission | undefined =>
  ctx.actor.orgId === platformOrg ? undefined : wanted.find((permission) => !ctx.actor.permissions.has(permission));

/** @throws Problem `role-beyond-own` */
export const requireWithin = (ctx: Context, wanted: readonly Permission[]): void => {
  const beyond = lacking(ctx, wanted);
  if (beyond !== undefined) throw new Problem("role-beyond-own", `You do not hold ${beyond} yourself.`);
};

/**
 * Judges roles that the caller wants somebody to have.
 *
 * @throws Problem `invalid-request` for a role that there is not, `role-beyond-own` for one above the caller.
 */
export const requireGrantable = (ctx: Context, wanted: readonly string[], custom: readonly CustomRole[]): void => {
  const known = new Set<string>([...tenantRoles, ...custom.map(({ name }) => name)]);
  const errors = wanted.flatMap((role, at) =>
    known.has(role) ? [] : [{ pointer: `/roles/${at}`, detail: "is no role of the tenant" }],
  );
  if (errors.length > 0) throw new Problem("invalid-request", "There is no such role.", { errors });
  requireWithin(ctx, permissionsOf(wanted, custom));
};
