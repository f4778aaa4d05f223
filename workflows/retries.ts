import type { Retry } from "./define.ts";

/** Somebody's passing trouble: a throttle, a 5xx, a lost connection, or Lambda itself. A task is idempotent, so it may run again. */
const passing: Retry = {
  errors: [
    "TransientError",
    "Lambda.TooManyRequestsException",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
  ],
  intervalSeconds: 1,
  backoffRate: 2,
  maxDelaySeconds: 20,
  maxAttempts: 5,
};

/** The function's process died or hung before it could answer. Once more, in a fresh one; twice is no accident. */
const died: Retry = {
  errors: ["Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout"],
  intervalSeconds: 1,
  backoffRate: 2,
  maxDelaySeconds: 5,
  maxAttempts: 1,
};

/** A database cluster is made or taken away, which takes AWS ten minutes and now and then twenty: asked about for forty. */
export const waiting: Retry = {
  errors: ["NotReadyYet"],
  intervalSeconds: 2,
  backoffRate: 1.5,
  maxDelaySeconds: 30,
  maxAttempts: 85,
  steady: true,
};

/** A straggler of a minute at most may still be at work. */
export const straggling: Retry = {
  errors: ["NotReadyYet"],
  intervalSeconds: 1,
  backoffRate: 1.5,
  maxDelaySeconds: 5,
  maxAttempts: 30,
  steady: true,
};

/** What must be done whatever was wrong at first: taking back, and writing down the end. */
export const whatever: Retry = {
  errors: ["States.ALL"],
  intervalSeconds: 1,
  backoffRate: 2,
  maxDelaySeconds: 30,
  maxAttempts: 8,
};

/**
 * One attempt: the functions' own timeout is a minute, and five seconds more let its error be the one that is seen. What
 * is made longer than that, a cluster, is asked about by many attempts.
 */
export const step = { type: "task", timeoutSeconds: 65, retry: [passing, died] } as const;
export const longStep = { ...step, retry: [passing, died, waiting] } as const;
