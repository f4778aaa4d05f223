import { idleMillis } from "../access/admission.ts";
import type { Context } from "../context.ts";
import type { Clock } from "../ports.ts";
import { ownSession } from "./own.ts";
import type { Session, Sessions } from "./session.ts";

export type OwnSession = Session & { readonly idle_at: string; readonly current: boolean };

/** When it is over if nothing is asked until then: an impersonation's not after the impersonation. */
const endOf = ({ last_seen_at, impersonation }: Session): string => {
  const idle = Date.parse(last_seen_at) + idleMillis;
  return new Date(impersonation === null ? idle : Math.min(idle, Date.parse(impersonation.ends_at))).toISOString();
};

/** The caller's own sessions that live, the one used last first. */
export const listSessions =
  (ports: { readonly sessions: Pick<Sessions, "of">; readonly clock: Clock }) =>
  async (ctx: Context): Promise<OwnSession[]> => {
    const { userId, sessionId } = ownSession(ctx);
    const { sessions, signedOutAt } = await ports.sessions.of(userId);
    const now = ports.clock().getTime();
    return sessions
      .map((one) => ({
        ...one,
        idle_at: endOf(one),
        current: one.id === sessionId,
      }))
      .filter((one) => Date.parse(one.idle_at) > now && Date.parse(one.started_at) > (signedOutAt ?? 0) * 1000)
      .toSorted((a, b) => b.last_seen_at.localeCompare(a.last_seen_at));
  };
