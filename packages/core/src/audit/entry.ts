import type { OnBehalfOf } from "../access/impersonation.ts";
import type { Context } from "../context.ts";
import type { Clock, NewId } from "../ports.ts";
import type { AuditedChange } from "./actions.ts";
import type { AuditEntry } from "./audit.ts";

const behalf = ({ user_id, impersonation_id, reason }: OnBehalfOf) => ({ user_id, impersonation_id, reason });

/** The audit entry of one change. `before` and `after` are what changed, as far as a reader of the trail needs it. */
export const auditEntry = (
  ports: { readonly clock: Clock; readonly newId: NewId },
  ctx: Context,
  change: AuditedChange,
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
  on_behalf_of: ctx.actor.onBehalfOf === undefined ? null : behalf(ctx.actor.onBehalfOf),
  target: ctx.target ?? null,
  user_agent: ctx.userAgent ?? null,
  result: "done",
});

/** The same for what the platform does itself, without a request. */
export const systemEntry = (
  ports: { readonly newId: NewId },
  {
    task,
    at,
    requestId,
    change,
  }: {
    readonly task: string;
    readonly at: string;
    /** What it was done by, such as an execution; if not given, the entry itself. */
    readonly requestId?: string;
    readonly change: AuditedChange;
  },
): AuditEntry => {
  const id = ports.newId("audit");
  return {
    id,
    at,
    actor: `system:${task}`,
    action: change.action,
    tenant_id: change.tenantId,
    request_id: requestId ?? id,
    source_ip: null,
    before: change.before ?? null,
    after: change.after ?? null,
    on_behalf_of: null,
    target: null,
    user_agent: null,
    result: "done",
  };
};
