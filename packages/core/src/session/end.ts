import { platformOrg } from "../access/policy.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import type { Clock, NewId } from "../ports.ts";
import { Problem } from "../problem.ts";
import { ownSession } from "./own.ts";
import type { Sessions } from "./session.ts";

type SessionPorts = { readonly sessions: Sessions; readonly clock: Clock; readonly newId: NewId };

/** Users without an organisation are the platform's to look after. */
const orgOf = (ctx: Context) => ctx.actor.orgId || platformOrg;

/** Ends one of the caller's own sessions. @throws Problem `session-not-found` */
export const endSession =
  (ports: SessionPorts) =>
  async (ctx: Context, input: { sessionId: string }): Promise<{ id: string; ended_at: string }> => {
    const { userId } = ownSession(ctx);
    const at = ports.clock().toISOString();
    const before = { user_id: userId, session_id: input.sessionId };
    const audit = auditEntry(ports, ctx, { action: "session.end", tenantId: orgOf(ctx), before });
    const ended = await ports.sessions.end(userId, input.sessionId, at, { audit, events: [] });
    if (!ended) throw new Problem("session-not-found", `You have no session ${input.sessionId}.`);
    return { id: input.sessionId, ended_at: at };
  };

/** Signs the caller out everywhere, here too. Whoever signs in again begins a new session. */
export const endAllSessions =
  (ports: SessionPorts) =>
  async (ctx: Context): Promise<{ ended_at: string }> => {
    const { userId } = ownSession(ctx);
    const at = ports.clock().toISOString();
    const audit = auditEntry(ports, ctx, {
      action: "session.end-all",
      tenantId: orgOf(ctx),
      before: { user_id: userId },
    });
    await ports.sessions.endAll(userId, at, { audit, events: [] });
    return { ended_at: at };
  };
