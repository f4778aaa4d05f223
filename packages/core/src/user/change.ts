import { authorise, ownTenant } from "../access/authorise.ts";
import { type Membership, statusOf } from "../access/membership.ts";
import { permissionsOf } from "../access/policy.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import { requireGrantable, requireWithin } from "./grantable.ts";
import { loadMember } from "./look.ts";
import type { MemberChange, UserPorts } from "./ports.ts";
import { isOwner, nextEpoch, type User, userOf } from "./user.ts";

type Ports = Pick<UserPorts, "members" | "roles" | "clock" | "newId">;

/**
 * Another owner to vouch for the tenant where this change takes one away; null where it takes none.
 *
 * @throws Problem `last-owner`
 */
const witnessTo = async (ports: Ports, before: Membership, to: MemberChange | null): Promise<Membership | null> => {
  if (!isOwner(before) || (to !== null && isOwner({ ...before, ...to }))) return null;
  const others = await ports.members.ownersOf(before.tenant_id);
  const witness = others.find(({ user_id }) => user_id !== before.user_id);
  if (witness === undefined)
    throw new Problem("last-owner", "This is the tenant's last owner: make another one first.");
  return witness;
};

/** Writes what was decided; who changed the same thing at the same time was first, or is told so. */
const commit = async (
  ports: Ports,
  ctx: Context,
  before: Membership,
  to: MemberChange | null,
): Promise<Membership | null> => {
  const witness = await witnessTo(ports, before, to);
  const change = to === null ? null : { ...to, epoch: nextEpoch(before, ports.clock()) };
  const after = change === null ? null : { ...before, ...change };
  const was = { tenantId: before.tenant_id, before: userOf(before) };
  const audit = auditEntry(
    ports,
    ctx,
    after === null ? { action: "user.remove", ...was } : { action: "user.change", ...was, after: userOf(after) },
  );
  if (!(await ports.members.change(before, change, witness, { audit, events: [] })))
    throw new Problem("state-conflict", "The tenant's users were changed at the same time. Look again.");
  return after;
};

/** The user, whom nobody may change who holds less. */
const loadBelow = async (ports: Ports, ctx: Context, userId: string) => {
  const tenantId = ownTenant(ctx);
  authorise(ctx, "users:manage", tenantId);
  const before = await loadMember(ports, tenantId, userId);
  const custom = await ports.roles.of(tenantId);
  requireWithin(ctx, permissionsOf(before.roles, custom));
  return { before, custom };
};

/**
 * Gives a user other roles, disables or enables them. Tokens of before are refused within half a minute.
 *
 * @throws Problem `user-not-found`, `role-beyond-own`, `last-owner`, `state-conflict` for the status of an invitation.
 */
export const changeUser =
  (ports: Ports) =>
  async (
    ctx: Context,
    input: { userId: string; roles?: readonly string[] | undefined; status?: "active" | "disabled" | undefined },
  ): Promise<User> => {
    const { before, custom } = await loadBelow(ports, ctx, input.userId);
    if (input.roles !== undefined) requireGrantable(ctx, input.roles, custom);
    if (input.status !== undefined && statusOf(before) === "invited")
      throw new Problem("state-conflict", "The user has not accepted the invitation yet.");
    const to = {
      roles: [...new Set(input.roles ?? before.roles)],
      status: input.status ?? statusOf(before),
    };
    return userOf((await commit(ports, ctx, before, to)) ?? before);
  };

/**
 * Takes a user's membership away, or the invitation. The user themself stays, and may belong to other tenants.
 *
 * @throws Problem `user-not-found`, `role-beyond-own`, `last-owner`
 */
export const removeUser =
  (ports: Ports) =>
  async (ctx: Context, { userId }: { userId: string }): Promise<User> => {
    const { before } = await loadBelow(ports, ctx, userId);
    await commit(ports, ctx, before, null);
    return userOf(before);
  };
