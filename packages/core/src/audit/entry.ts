import type { Context } from "../context.ts";
import type { Clock, NewId } from "../ports.ts";
import type { AuditEntry } from "./audit.ts";

/** The audit entry of one change. `before` and `after` are what changed, as far as a reader of the trail needs it. */
export const auditEntry = (
  ports: { readonly clock: Clock; readonly newId: NewId },
  ctx: Context,
  change: { action: string; tenantId: string; before?: unknown; after?: unknown },
): AuditEntry => ({
  id: ports.newId("audit"),
  at: ports.clock().toISOString(),
  actor: ctx.actor.id,
  action: change.action,
  tenant_id: change.tenantId,
  request_id: ctx.requestId,
  source_ip: ctx.sourceIp ?? null,
  before: change.before ?? null,
  after: change.after ?? null,
  on_behalf_of: ctx.actor.onBehalfOf ?? null,
  target: ctx.target ?? null,
  user_agent: ctx.userAgent ?? null,
  result: "done",
});
