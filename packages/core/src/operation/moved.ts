import type { OperationChange } from "../ports.ts";
import type { Operation } from "./operation.ts";

/** The operation after a change; what the change does not name stays as it was. */
export const movedBy = (before: Operation, change: OperationChange): Operation => ({
  ...before,
  status: change.to,
  updated_at: change.at,
  execution: change.execution ?? before.execution,
  attempt: change.attempt ?? before.attempt,
  steps: change.steps ?? before.steps,
  compensation: change.compensation ?? before.compensation,
  error: change.error === undefined ? before.error : change.error,
  cancelled_at: change.cancelledAt === undefined ? before.cancelled_at : change.cancelledAt,
  ended_at: change.endedAt === undefined ? before.ended_at : change.endedAt,
});
