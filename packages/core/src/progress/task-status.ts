import { platformOrg } from "../access/policy.ts";
import { discreetError } from "../operation/as-seen-by.ts";
import type { Operation, OperationStatus, ProgressStatus, StepError, StepName } from "../operation/operation.ts";

/** An operation, and how many writes made it what it is. */
export type Versioned = { readonly operation: Operation; readonly version: number };

/** One change of one step, or of the operation itself, as it is pushed to whoever watches. */
export type TaskStatus = {
  readonly type: "task-status";
  /** Where this stands in the feed: what a client that comes back names in `since`. */
  readonly id: string;
  readonly operation_id: string;
  readonly tenant_id: string;
  /** Null where the operation itself changed. */
  readonly step: StepName | null;
  readonly status: OperationStatus | ProgressStatus;
  readonly attempts: number | null;
  readonly error: StepError | null;
  readonly at: string;
  /** Rises with each write to the operation; a change is known by `operation_id`, `seq` and `step`. */
  readonly seq: number;
};

/** A place in a feed: when it was written there, and of which version of which operation. */
export type Position = { readonly at: string; readonly operationId: string; readonly seq: number };

export const positionText = ({ at, operationId, seq }: Position): string => `${at}_${operationId}_${seq}`;

/** The position that `positionText` wrote; null for anything else. */
export const readPosition = (text: string): Position | null => {
  const [, at = "", operationId = "", seq] =
    /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)_(op_[0-9A-Z]{26})_(\d{1,9})$/.exec(text) ?? [];
  return seq === undefined || Number.isNaN(Date.parse(at)) ? null : { at, operationId, seq: Number(seq) };
};

/** Tenants' own users learn that a step failed, and not how: that is about the inside of the platform. */
export const asSeenBy = (orgId: string, change: TaskStatus): TaskStatus =>
  orgId === platformOrg || change.error === null ? change : { ...change, error: discreetError };

const partsOf = (operation: Operation) => [...operation.steps, ...operation.compensation];

const message = (
  { operation, version }: Versioned,
  at: string,
  part: { name: StepName | null; status: TaskStatus["status"]; attempts: number | null; error: StepError | null },
): TaskStatus => ({
  type: "task-status",
  id: positionText({ at, operationId: operation.id, seq: version }),
  operation_id: operation.id,
  tenant_id: operation.tenant_id,
  step: part.name,
  status: part.status,
  attempts: part.attempts,
  error: part.error && { code: part.error.code, message: part.error.message },
  at: operation.updated_at,
  seq: version,
});

const whole = ({ status, error }: Operation) => ({ name: null, status, attempts: null, error });

/** What one write changed, steps first. `now` is the time at which it enters the feed. */
export const changesOf = (before: Operation | null, after: Versioned, now: string): TaskStatus[] => {
  const known = new Map(before === null ? [] : partsOf(before).map((part) => [part.name, part]));
  const steps = partsOf(after.operation).filter(({ name, status, attempts }) => {
    const old = known.get(name);
    return old === undefined ? status !== "pending" : old.status !== status || old.attempts !== attempts;
  });
  const own = before?.status === after.operation.status ? [] : [whole(after.operation)];
  return [...steps, ...own].map((part) => message(after, now, part));
};

/** How an operation stands: every step that has begun, and the operation itself. */
export const stateOf = (current: Versioned, now: string, orgId: string): TaskStatus[] =>
  changesOf(null, current, now).map((one) => asSeenBy(orgId, one));
