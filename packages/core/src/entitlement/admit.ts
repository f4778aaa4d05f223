import { platformOrg } from "../access/policy.ts";
import type { Context } from "../context.ts";
import type { Clock } from "../ports.ts";
import { Problem } from "../problem.ts";
import { isCurrent, resetsAt } from "./look.ts";
import type { Standings } from "./ports.ts";
import type { Standing } from "./standing.ts";

/** Milliseconds for which a standing is remembered. With what the watch takes, a quota is enforced within 30 seconds. */
export const memoryMs = 5000;

/** Tenants that one process remembers. */
const most = 1000;

type Remembered = { readonly at: number; readonly standing: Promise<Standing | null> };

/**
 * Refuses callers whose tenant has reached a hard quota. It costs a look at one item every few seconds, and nothing in
 * between. The platform's staff are never refused.
 *
 * Fails open: a quota is a matter of business, and a platform that cannot read its own table has other worries than
 * a tenant that uses too much for a while. `onFault` is told.
 *
 * @throws Problem `quota-exceeded`, with when the quota begins anew
 */
export const admission = (ports: {
  readonly standings: Pick<Standings, "peek">;
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
}) => {
  const memory = new Map<string, Remembered>();

  const standingOf = (tenantId: string, now: number): Promise<Standing | null> => {
    const known = memory.get(tenantId);
    if (known !== undefined && now - known.at < memoryMs) return known.standing;
    memory.delete(tenantId);
    if (memory.size >= most) for (const oldest of [...memory.keys()].slice(0, most / 10)) memory.delete(oldest);
    const standing = ports.standings.peek(tenantId).catch((error: unknown) => {
      ports.onFault(error);
      return null;
    });
    memory.set(tenantId, { at: now, standing });
    return standing;
  };

  return async ({ actor }: Context): Promise<void> => {
    if (actor.orgId === platformOrg || actor.orgId === "") return;
    const now = ports.clock();
    const standing = await standingOf(actor.orgId, now.getTime());
    const [first] = standing?.exceeded ?? [];
    if (standing === null || first === undefined || !isCurrent(standing.month, now)) return;
    const reset = resetsAt(standing.month);
    const names = standing.exceeded.map(({ meter, limit }) => `${meter} (${limit})`).join(", ");
    throw new Problem("quota-exceeded", `The month's quota of ${names} is used up. It begins anew at ${reset}.`, {
      resetsAt: reset,
    });
  };
};
