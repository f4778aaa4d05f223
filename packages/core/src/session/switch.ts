import { statusOf } from "../access/membership.ts";
import { platformOrg } from "../access/policy.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import type { Clock, NewId } from "../ports.ts";
import { Problem } from "../problem.ts";
import { ownSession } from "./own.ts";
import type { Choices } from "./session.ts";

/**
 * Has the caller act for another of their organisations, from their next token on.
 *
 * @throws Problem `tenant-not-found` where they are no active member, `forbidden` for staff, who act for the platform.
 */
export const switchOrganization =
  (ports: { readonly choices: Choices; readonly clock: Clock; readonly newId: NewId }) =>
  async (ctx: Context, input: { orgId: string }): Promise<{ org_id: string; roles: readonly string[] }> => {
    const { userId } = ownSession(ctx);
    if (ctx.actor.orgId === platformOrg) throw new Problem("forbidden", "The platform's staff act for the platform.");
    const membership = await ports.choices.membershipOf(userId, input.orgId);
    if (membership === null || statusOf(membership) !== "active")
      throw new Problem("tenant-not-found", `There is no tenant ${input.orgId}.`);
    const audit = auditEntry(ports, ctx, {
      action: "session.switch",
      tenantId: input.orgId,
      before: { org_id: ctx.actor.orgId },
      after: { org_id: input.orgId },
    });
    await ports.choices.choose(userId, input.orgId, ports.clock().toISOString(), { audit, events: [] });
    return { org_id: input.orgId, roles: membership.roles };
  };
