import { TransientError } from "@tenantry/core/provisioning/errors";
import { Problem } from "@tenantry/core/problem";
import type { StepError } from "@tenantry/core/operation/operation";
import { stepMessage } from "@tenantry/core/provisioning/failure";

/** Names by which AWS services say "slower". */
const throttles = new Set([
  "BandwidthLimitExceeded",
  "LimitExceededException",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "TooManyRequestsException",
  "TransactionConflictException",
  "TransactionInProgressException",
  "TimeoutError",
]);

/** Node's codes of a connection that could not be made or was lost, and undici's. */
const connection =
  /^(?:ECONN\w+|EPIPE|ETIMEDOUT|ENETUNREACH|ENETDOWN|EHOSTUNREACH|EAI_AGAIN|UND_ERR_(?:SOCKET|\w*TIMEOUT))$/;

/**
 * PostgreSQL: connection, transaction rollback (serialization, deadlock), out of resources, shutting down or starting,
 * statement cancelled, lock timeout, object in use. https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const sqlState = /^(?:08\w{3}|40\w{3}|53\w{3}|57P0[1-4]|57014|55P03|55006)$/;

/** Why one write of a DynamoDB transaction was refused, where the whole may succeed later. */
const passingReasons = new Set(["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"]);

type Clues = {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly cause?: unknown;
  readonly message?: unknown;
  readonly errors?: unknown;
  readonly CancellationReasons?: unknown;
  readonly $retryable?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: unknown };
};

const passingStatus = (status: unknown): boolean =>
  typeof status === "number" && (status === 429 || (status >= 500 && status !== 501));

/**
 * Whether another try may succeed, judged by what errors of the AWS SDK, of `pg` and of HTTP clients carry. A 501 is
 * no passing trouble: it says that there is no such thing.
 */
export const isTransient = (error: unknown): boolean => {
  if (typeof error !== "object" || error === null) return false;
  if (error instanceof TransientError) return true;
  if (error instanceof Problem) return error.code === "unavailable" || isTransient(error.cause);
  const { name, code, cause, message, errors, CancellationReasons, $retryable, $metadata } = error as Clues;
  if ($metadata?.httpStatusCode === 501) return false;
  return (
    $retryable !== undefined ||
    passingStatus($metadata?.httpStatusCode) ||
    (typeof name === "string" && throttles.has(name)) ||
    (typeof code === "string" && (connection.test(code) || sqlState.test(code))) ||
    // An ApiException of the Kubernetes client has its HTTP status as `code`.
    passingStatus(code) ||
    // `pg` has no code for these.
    (typeof message === "string" && /^(?:Connection terminated|timeout expired|Query read timeout)/.test(message)) ||
    (Array.isArray(CancellationReasons) &&
      CancellationReasons.some((reason: { Code?: string } | undefined) => passingReasons.has(reason?.Code ?? ""))) ||
    (Array.isArray(errors) && errors.some(isTransient)) ||
    isTransient(cause)
  );
};

const longestMessage = 1000;

/** The error as an operation shows it: the error's name, and its message without line breaks and of bounded length. */
export const stepErrorOf = (error: unknown): StepError => {
  if (error instanceof Problem) return { code: error.code, message: error.detail };
  if (!(error instanceof Error)) return { code: "Error", message: "The task threw something that is not an error." };
  const cause = error instanceof TransientError ? error.cause : undefined;
  const message = error.message.replaceAll(/\s+/g, " ").trim().slice(0, longestMessage);
  return { code: cause instanceof Error ? cause.name : error.name, message: message || "No reason was given." };
};

/** What Step Functions gets to see: `TransientError` if it should retry, else the error's own name; the step in the message. */
export const taskError = (step: string, error: unknown): Error => {
  const { code, message } = stepErrorOf(error);
  const seen = new Error(stepMessage(step, message), { cause: error });
  seen.name = isTransient(error) ? "TransientError" : code;
  return seen;
};
