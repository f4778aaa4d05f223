import { statusOf } from "../access/membership.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { type KeyedRequest, madeBy, type Makings, makingOf } from "../idempotency.ts";
import { Problem } from "../problem.ts";
import { ownSession } from "../session/own.ts";
import type { UserPorts } from "./ports.ts";
import { nextEpoch, userOf } from "./user.ts";

export type Invitation = {
  readonly org_id: string;
  readonly roles: readonly string[];
  readonly invited_by: string | null;
  readonly ends_at: string | null;
};

type Ports = Pick<UserPorts, "clock" | "newId"> & {
  readonly members: Pick<UserPorts["members"], "get" | "change">;
  readonly makings: Makings;
};

/** What the caller was invited to, also what has expired. */
export const listInvitations =
  (ports: Pick<UserPorts, "members">) =>
  async (ctx: Context): Promise<Invitation[]> => {
    const { userId } = ownSession(ctx);
    return (await ports.members.invitationsOf(userId)).map((one) => ({
      org_id: one.tenant_id,
      roles: one.roles,
      invited_by: one.invited_by ?? null,
      ends_at: one.invitation_ends_at ?? null,
    }));
  };

/**
 * Makes the caller a member of a tenant that invited them. Their next token can speak for it.
 *
 * @param request accepted it before if it died before it was answered: it then gets what the caller is in the tenant now
 * @throws Problem `invitation-not-found`, `invitation-expired`, `idempotency-key-reused`
 */
export const acceptInvitation =
  (ports: Ports) =>
  async (
    ctx: Context,
    { orgId }: { orgId: string },
    request?: KeyedRequest,
  ): Promise<{ org_id: string; roles: readonly string[] }> => {
    const { userId } = ownSession(ctx);
    const none = new Problem("invitation-not-found", `You have no invitation of ${orgId}.`);
    const before = await ports.members.get(orgId, userId);
    if (before === null) throw none;
    const accepted = (await madeBy(ports.makings, request)) !== null;
    if (statusOf(before) !== (accepted ? "active" : "invited")) throw none;
    if (accepted) return { org_id: orgId, roles: before.roles };
    const now = ports.clock();
    // Not `<`: a time that is none must not keep an invitation open.
    if (!(Date.parse(before.invitation_ends_at ?? "") > now.getTime()))
      throw new Problem("invitation-expired", "The invitation has expired: ask for another.");
    const to = { roles: before.roles, status: "active", epoch: nextEpoch(before, now) } as const;
    const audit = auditEntry(ports, ctx, {
      action: "user.accept",
      tenantId: orgId,
      before: userOf(before),
      after: userOf({ ...before, ...to }),
    });
    if (!(await ports.members.change(before, to, null, { audit, events: [], making: makingOf(request, orgId) })))
      throw none;
    return { org_id: orgId, roles: before.roles };
  };
