/** An error inside an execution, in the vocabulary of the Amazon States Language. */
export class Failure extends Error {
  readonly error: string;
  readonly failureCause: string;
  constructor(error: string, cause: string) {
    super(`${error}: ${cause}`);
    this.error = error;
    this.failureCause = cause;
  }
}

/** The definition could not be followed with this data: neither retried nor caught. */
export const runtimeFailure = (cause: string): Failure => new Failure("States.Runtime", cause);

export const asFailure = (error: unknown): Failure =>
  error instanceof Failure ? error : runtimeFailure(error instanceof Error ? error.message : String(error));

/** Whether a Retry's or a Catch's `ErrorEquals` covers an error. */
export const matchesError = (names: readonly string[], error: string): boolean => {
  if (error === "States.Runtime") return false;
  if (names.includes(error)) return true;
  if (error === "States.DataLimitExceeded") return false;
  return names.includes("States.ALL") || (names.includes("States.TaskFailed") && error !== "States.Timeout");
};
