import { compensationStates, failOnboarding } from "./compensation.ts";
import { defineBranch, defineWorkflow } from "./define.ts";
import { longStep, step, whatever } from "./retries.ts";

/**
 * Onboards a tenant. Input: `{operation_id, tenant_id}`. Any failure before the tenant is active takes back what was
 * made, in reverse; the owner's notification may fail without undoing the tenant.
 */
export const onboardTenant = defineWorkflow({
  comment: "Onboards a tenant: validates it, makes its four planes real, activates it and tells its owner.",
  // Whatever goes wrong each time: two and a half hours until a cluster is there, as much until it is gone, and two for
  // the rest. A test adds it up. Less would end an execution that still gets somewhere.
  timeoutSeconds: 28_800,
  startAt: "ValidateTenant",
  states: {
    ValidateTenant: { ...step, next: "ProvisionPlanes", onFailure: "BeginCompensation" },
    ProvisionPlanes: {
      type: "parallel",
      branches: [
        defineBranch({ startAt: "ProvisionDatabase", states: { ProvisionDatabase: { ...longStep, end: true } } }),
        defineBranch({ startAt: "ProvisionStorage", states: { ProvisionStorage: { ...step, end: true } } }),
        defineBranch({ startAt: "ProvisionIdentity", states: { ProvisionIdentity: { ...step, end: true } } }),
      ],
      next: "ProvisionNamespace",
      onFailure: "BeginCompensation",
    },
    ProvisionNamespace: { ...step, next: "ActivateTenant", onFailure: "BeginCompensation" },
    ActivateTenant: { ...step, next: "NotifyOwner", onFailure: "BeginCompensation" },
    NotifyOwner: { ...step, next: "FinishOnboarding", onFailure: "FinishOnboarding" },
    FinishOnboarding: { ...step, retry: [whatever], end: true },
    BeginCompensation: { ...step, retry: [whatever], withFailure: true, next: "ReleaseNamespace" },
    ...compensationStates,
    FailOnboarding: { ...failOnboarding, next: "OnboardingFailed" },
    OnboardingFailed: {
      type: "fail",
      error: "OnboardingFailed",
      cause: "A step of the onboarding failed. The operation names it and says why.",
    },
  },
});
