import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import { asSeenBy } from "./as-seen-by.ts";
import type { Ports } from "../ports.ts";
import { loadOperation } from "./load.ts";
import type { Operation } from "./operation.ts";

/** @throws Problem `operation-not-found`, also for an operation on somebody else's tenant. */
export const getOperation =
  (ports: Pick<Ports, "operations">) =>
  async (ctx: Context, input: { operationId: string }): Promise<Operation> => {
    authorise(ctx, "operations:read", ctx.actor.orgId);
    return asSeenBy(ctx.actor.orgId, await loadOperation(ports, ctx, input.operationId));
  };
