import { reaches } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import { OperationId } from "../ids.ts";
import type { Ports } from "../ports.ts";
import { Problem } from "../problem.ts";
import type { Operation } from "./operation.ts";

/** @throws Problem `operation-not-found`, also for an operation on somebody else's tenant. */
export const loadOperation = async (ports: Pick<Ports, "operations">, ctx: Context, id: string): Promise<Operation> => {
  const operation = OperationId.safeParse(id).success ? await ports.operations.get(id) : null;
  if (operation === null || !reaches(ctx, operation.tenant_id))
    throw new Problem("operation-not-found", `There is no operation ${id}.`);
  return operation;
};
