import { compensationStates, failOnboarding } from "./compensation.ts";
import { defineWorkflow } from "./define.ts";

/**
 * Takes an onboarding back whose own execution cannot: it was cancelled, it ended without telling, or its compensation
 * failed. Input: `{operation_id, tenant_id}`; the operation is `compensating` already.
 */
export const compensateTenant = defineWorkflow({
  comment: "Takes back what an onboarding made, and says what remains.",
  // Two and a half hours until a cluster is gone, and as much for the rest.
  timeoutSeconds: 18_000,
  startAt: "ReleaseNamespace",
  states: { ...compensationStates, FailOnboarding: { ...failOnboarding, end: true } },
});
