import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import { type Impersonation, ImpersonationId, type ImpersonationPorts } from "./impersonation.ts";
import { impersonationEntry, summary } from "./start.ts";

/**
 * Ends an impersonation before its time, the caller's own or another's: its tokens are refused within half a minute.
 *
 * @throws Problem `tenant-not-found`, `impersonation-not-found`; `state-conflict` when it was ended already.
 */
export const endImpersonation =
  (ports: Pick<ImpersonationPorts, "impersonations" | "clock" | "newId">) =>
  async (ctx: Context, { tenantId, id }: { tenantId: string; id: string }): Promise<Impersonation> => {
    authorise(ctx, "impersonations:manage", tenantId);
    const found = ImpersonationId.safeParse(id).success ? await ports.impersonations.get(id) : null;
    if (found === null || found.tenant_id !== tenantId)
      throw new Problem("impersonation-not-found", `There is no impersonation ${id}.`);
    const at = ports.clock().toISOString();
    const ended = { ...found, ended_at: at };
    const audit = impersonationEntry(ports, ctx, found, {
      action: "impersonation.end",
      tenantId,
      before: summary(found),
      after: summary(ended),
    });
    if (!(await ports.impersonations.end(id, at, { audit, events: [] })))
      throw new Problem("state-conflict", "The impersonation was ended already.");
    return ended;
  };
