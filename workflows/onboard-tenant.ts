import { defineBranch, defineWorkflow, type Retry } from "./define.ts";

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

/** A database cluster is made or taken away, which takes AWS ten minutes and now and then twenty: asked for some forty. */
const waiting: Retry = {
  errors: ["NotReadyYet"],
  intervalSeconds: 2,
  backoffRate: 1.5,
  maxDelaySeconds: 30,
  maxAttempts: 160,
};

/** The end of an operation must be written down, whatever was wrong at first. */
const whatever: Retry = {
  errors: ["States.ALL"],
  intervalSeconds: 1,
  backoffRate: 2,
  maxDelaySeconds: 30,
  maxAttempts: 8,
};

/** The functions' own timeout is a minute. */
const step = { type: "task", timeoutSeconds: 65, retry: [passing, died] } as const;
const longStep = { ...step, retry: [passing, died, waiting] } as const;

/**
 * Onboards a tenant. Input: `{operation_id, tenant_id}`. Any failure before the tenant is active ends in FailOnboarding;
 * the owner's notification may fail without undoing the tenant.
 */
export const onboardTenant = defineWorkflow({
  comment: "Onboards a tenant: validates it, makes its four planes real, activates it and tells its owner.",
  timeoutSeconds: 28_800,
  startAt: "ValidateTenant",
  states: {
    ValidateTenant: { ...step, next: "ProvisionPlanes", onFailure: "FailOnboarding" },
    ProvisionPlanes: {
      type: "parallel",
      branches: [
        defineBranch({ startAt: "ProvisionDatabase", states: { ProvisionDatabase: { ...longStep, end: true } } }),
        defineBranch({ startAt: "ProvisionStorage", states: { ProvisionStorage: { ...step, end: true } } }),
        defineBranch({ startAt: "ProvisionIdentity", states: { ProvisionIdentity: { ...step, end: true } } }),
      ],
      next: "ProvisionNamespace",
      onFailure: "FailOnboarding",
    },
    ProvisionNamespace: { ...step, next: "ActivateTenant", onFailure: "FailOnboarding" },
    ActivateTenant: { ...step, next: "NotifyOwner", onFailure: "FailOnboarding" },
    NotifyOwner: { ...step, next: "FinishOnboarding", onFailure: "FinishOnboarding" },
    FinishOnboarding: { ...step, retry: [whatever], end: true },
    FailOnboarding: { ...step, retry: [whatever], withFailure: true, next: "OnboardingFailed" },
    OnboardingFailed: {
      type: "fail",
      error: "OnboardingFailed",
      cause: "A step of the onboarding failed. The operation names it and says why.",
    },
  },
});
