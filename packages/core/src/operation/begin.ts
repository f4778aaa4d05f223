import { type Operation, onboardingSteps } from "./operation.ts";

/** An onboarding as it stands before anything has run: every step pending. */
export const newOnboarding = (id: string, tenantId: string, at: string): Operation => ({
  id,
  type: "onboard-tenant",
  status: "pending",
  tenant_id: tenantId,
  steps: onboardingSteps.map((name) => ({
    name,
    status: "pending",
    attempts: 0,
    started_at: null,
    ended_at: null,
    error: null,
  })),
  error: null,
  created_at: at,
  updated_at: at,
  ended_at: null,
});
