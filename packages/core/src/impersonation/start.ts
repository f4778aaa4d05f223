import { admits } from "../access/admission.ts";
import { authorise } from "../access/authorise.ts";
import { longestImpersonationMinutes } from "../access/impersonation.ts";
import { statusOf } from "../access/membership.ts";
import { platformOrg } from "../access/policy.ts";
import type { AuditedChange } from "../audit/actions.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { TenantId } from "../ids.ts";
import { type KeyedRequest, madeBy, makingOf } from "../idempotency.ts";
import { Problem } from "../problem.ts";
import { loadMember } from "../user/look.ts";
import type { Impersonation, ImpersonationPorts } from "./impersonation.ts";

type Input = {
  readonly tenantId: string;
  readonly userId: string;
  readonly reason: string;
  /** At most thirty. */
  readonly minutes: number;
};

/**
 * Has the caller act for a user of a tenant, from their next sign-in through the client for it on. The tenant's trail says
 * who, for whom and why.
 *
 * @param request began it before if it died before it was answered
 * @throws Problem `tenant-not-found`, `user-not-found`, `state-conflict` for a user or a tenant that nobody can sign in
 *   as; `idempotency-key-reused`; `forbidden` without a session, so that no key impersonates.
 */
export const startImpersonation =
  (ports: ImpersonationPorts) =>
  async (
    ctx: Context,
    { tenantId, userId, reason, minutes }: Input,
    request?: KeyedRequest,
  ): Promise<Impersonation> => {
    authorise(ctx, "impersonations:manage", tenantId);
    if (ctx.actor.orgId !== platformOrg || ctx.actor.sessionId === undefined)
      throw new Problem("forbidden", "Only the platform's staff, signed in, may act for a user.");
    const made = await madeBy(ports.makings, request);
    const begun = made === null ? null : await ports.impersonations.get(made);
    if (begun !== null) return begun;
    const tenant = TenantId.safeParse(tenantId).success ? await ports.registry.getTenant(tenantId) : null;
    if (tenant === null) throw new Problem("tenant-not-found", `There is no tenant ${tenantId}.`);
    const member = await loadMember(ports, tenantId, userId);
    if (statusOf(member) !== "active")
      throw new Problem("state-conflict", `The user is ${statusOf(member)}: nobody can act for them.`);
    if (!admits(tenant.status))
      throw new Problem("state-conflict", `The tenant is ${tenant.status}: nobody can act for its users.`);
    const now = ports.clock();
    const millis = Math.min(minutes, longestImpersonationMinutes) * 60_000;
    const impersonation: Impersonation = {
      id: ports.newId("impersonation"),
      tenant_id: tenantId,
      user_id: userId,
      impersonator: { id: ctx.actor.id, email: ctx.actor.email ?? null },
      reason,
      started_at: now.toISOString(),
      ends_at: new Date(now.getTime() + millis).toISOString(),
      ended_at: null,
    };
    await ports.impersonations.start(impersonation, {
      audit: impersonationEntry(ports, ctx, impersonation, {
        action: "impersonation.start",
        tenantId,
        after: summary(impersonation),
      }),
      events: [],
      making: makingOf(request, impersonation.id),
    });
    return impersonation;
  };

/** As the trail has it; the reason stands beside it, in `on_behalf_of`. */
export const summary = ({ id, user_id, impersonator, started_at, ends_at, ended_at }: Impersonation) => ({
  impersonation_id: id,
  user_id,
  impersonator,
  started_at,
  ends_at,
  ended_at,
});

/** The entry of an impersonation's beginning or end, in the tenant's own trail. */
export const impersonationEntry = (
  ports: Pick<ImpersonationPorts, "clock" | "newId">,
  ctx: Context,
  { id, user_id, reason }: Impersonation,
  change: AuditedChange,
) => ({
  ...auditEntry(ports, ctx, change),
  on_behalf_of: { user_id, impersonation_id: id, reason },
});
