import {
  type Compensation,
  compensationSteps,
  type OnboardingStep,
  type Operation,
  onboardingSteps,
  type Step,
} from "./operation.ts";

const untouched = { status: "pending", attempts: 0, started_at: null, ended_at: null, error: null } as const;

/** The steps of an onboarding before anything has run. */
export const pendingSteps = (): Step[] => onboardingSteps.map((name: OnboardingStep) => ({ name, ...untouched }));

/** The steps of a compensation before anything has run. */
export const pendingCompensation = (): Compensation[] => compensationSteps.map((name) => ({ name, ...untouched }));

/** An onboarding as it stands before anything has run: every step pending. Its first execution bears its id. */
export const newOnboarding = (id: string, tenantId: string, at: string): Operation => ({
  id,
  type: "onboard-tenant",
  status: "pending",
  tenant_id: tenantId,
  attempt: 1,
  execution: id,
  steps: pendingSteps(),
  compensation: [],
  error: null,
  created_at: at,
  updated_at: at,
  cancelled_at: null,
  ended_at: null,
});
