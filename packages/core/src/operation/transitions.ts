import { Problem } from "../problem.ts";
import type { Operation, OperationStatus } from "./operation.ts";

/** Every state of an operation and the states it may go to next. A new execution may take a compensation over. */
export const operationTransitions = {
  pending: ["running", "compensating"],
  running: ["succeeded", "compensating"],
  compensating: ["failed", "cancelled", "compensation_failed", "compensating"],
  succeeded: [],
  failed: ["pending"],
  cancelled: ["pending"],
  compensation_failed: ["compensating"],
} as const satisfies Record<OperationStatus, readonly OperationStatus[]>;

export const canBecome = (from: OperationStatus, to: OperationStatus): boolean =>
  (operationTransitions[from] as readonly OperationStatus[]).includes(to);

/** @throws Problem `state-conflict` when the table does not allow the move. */
export const assertBecomes = (operation: Operation, to: OperationStatus, verb: string): void => {
  if (!canBecome(operation.status, to)) throw conflict(operation, verb);
};

export const conflict = (operation: Operation, verb: string): Problem =>
  new Problem("state-conflict", `The operation ${operation.id} is ${operation.status}, so it cannot be ${verb}.`);

/** Statuses in which nobody works on an operation any more. One of them, `compensation_failed`, is taken up again. */
export const restingStatuses = ["succeeded", "failed", "cancelled", "compensation_failed"] as const;

export const isAtRest = ({ status }: Pick<Operation, "status">): boolean =>
  (restingStatuses as readonly OperationStatus[]).includes(status);

/**
 * Executions are named after their operation: `op_…` is the first attempt, `op_…-2` the second, and `op_…-2-c1` the
 * first of its own that takes the second attempt back. A name is never used twice.
 */
export const executionOfAttempt = (operationId: string, attempt: number): string =>
  attempt === 1 ? operationId : `${operationId}-${attempt}`;

const compensator = /-c(\d+)$/;

/** The execution that takes over from this one to compensate. */
export const nextCompensation = (execution: string): string => {
  const number = compensator.exec(execution)?.[1];
  return `${execution.replace(compensator, "")}-c${number === undefined ? 1 : Number(number) + 1}`;
};

export type WorkflowName = "onboard-tenant" | "compensate-tenant";

export const workflowOf = (execution: string): WorkflowName =>
  compensator.test(execution) ? "compensate-tenant" : "onboard-tenant";

/** The operation that an execution's name belongs to; null when it is none of ours. */
export const operationOf = (execution: string): string | null =>
  /^(op_[0-9A-HJKMNP-TV-Z]{26})(?:-\d+)?(?:-c\d+)?$/.exec(execution)?.[1] ?? null;
