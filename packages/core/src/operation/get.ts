import { authorise, reaches } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import { OperationId } from "../ids.ts";
import type { Ports } from "../ports.ts";
import { Problem } from "../problem.ts";
import type { Operation } from "./operation.ts";

/** @throws Problem `operation-not-found`, also for an operation on somebody else's tenant. */
export const getOperation =
  (ports: Pick<Ports, "operations">) =>
  async (ctx: Context, input: { operationId: string }): Promise<Operation> => {
    authorise(ctx, "operations:read", ctx.actor.orgId);
    const { operationId } = input;
    const operation = OperationId.safeParse(operationId).success ? await ports.operations.get(operationId) : null;
    if (operation === null || !reaches(ctx, operation.tenant_id))
      throw new Problem("operation-not-found", `There is no operation ${operationId}.`);
    return operation;
  };
