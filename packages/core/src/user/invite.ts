import { authorise, ownTenant } from "../access/authorise.ts";
import { type Membership, statusOf } from "../access/membership.ts";
import { permissionsOf } from "../access/policy.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import { parseEmail } from "./email.ts";
import { requireGrantable, requireWithin } from "./grantable.ts";
import type { UserPorts } from "./ports.ts";
import { nextEpoch, type User, userOf } from "./user.ts";

/** As long as the temporary password that Cognito mails to a new user. */
const invitationMillis = 7 * 24 * 3_600_000;

/**
 * Invites somebody to the caller's tenant, or invites them anew. A user whom the tenant's pool does not know gets
 * Cognito's invitation by mail; everybody accepts after signing in.
 *
 * @throws Problem `email-refused`, `role-beyond-own`, `user-exists` for a member, `state-conflict` unless the tenant is
 *   active.
 */
export const inviteUser =
  (ports: UserPorts) =>
  async (ctx: Context, input: { email: string; roles: readonly string[] }): Promise<User> => {
    const tenantId = ownTenant(ctx);
    authorise(ctx, "users:manage", tenantId);
    const email = parseEmail(input.email);
    const custom = await ports.roles.of(tenantId);
    requireGrantable(ctx, input.roles, custom);
    const tenant = await ports.registry.getTenant(tenantId);
    const identity = tenant?.resources.identity;
    if (tenant?.status !== "active" || identity === undefined)
      throw new Problem("state-conflict", "Only an active tenant can invite users.");

    const userId = await ports.directory.ensure(tenantId, identity, email);
    const before = await ports.members.get(tenantId, userId);
    const exists = new Problem("user-exists", `${email} is a member already.`);
    if (before !== null && statusOf(before) !== "invited") throw exists;
    // Whoever was offered more by somebody else keeps that offer.
    if (before !== null) requireWithin(ctx, permissionsOf(before.roles, custom));
    const now = ports.clock();
    const invitation: Membership = {
      user_id: userId,
      tenant_id: tenantId,
      roles: [...new Set(input.roles)],
      created_at: before?.created_at ?? now.toISOString(),
      email,
      status: "invited",
      epoch: nextEpoch(before, now),
      invited_by: ctx.actor.id,
      invitation_ends_at: new Date(now.getTime() + invitationMillis).toISOString(),
    };
    const audit = auditEntry(ports, ctx, {
      action: "user.invite",
      tenantId,
      before: before === null ? null : userOf(before),
      after: userOf(invitation),
    });
    if (!(await ports.members.invite(invitation, before, { audit, events: [] }))) throw exists;
    return userOf(invitation);
  };
