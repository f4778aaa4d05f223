import { z } from "zod";
import { OperationId, TenantId } from "../ids.ts";
import { Instant } from "../time.ts";

/** The steps of onboarding in the order in which they are shown; the state machine's task states bear these names. */
export const onboardingSteps = [
  "ValidateTenant",
  "ProvisionDatabase",
  "ProvisionStorage",
  "ProvisionIdentity",
  "ProvisionNamespace",
  "ActivateTenant",
  "NotifyOwner",
] as const;
export type OnboardingStep = (typeof onboardingSteps)[number];

/** The steps that undo an onboarding, in the order in which they are shown; task states bear these names too. */
export const compensationSteps = ["ReleaseNamespace", "ReleaseIdentity", "ReleaseStorage", "ReleaseDatabase"] as const;
export type CompensationStep = (typeof compensationSteps)[number];

/** Any step that an operation shows. */
export type StepName = OnboardingStep | CompensationStep;

export const progressStatuses = ["pending", "running", "succeeded", "failed"] as const;
export const ProgressStatus = z.enum(progressStatuses);
export type ProgressStatus = z.infer<typeof ProgressStatus>;

/** Why a step failed, in words fit for a platform admin. `code` is the error's name, such as `AccessDeniedException`. */
export const StepError = z.strictObject({ code: z.string(), message: z.string() });
export type StepError = z.infer<typeof StepError>;

export const Step = z.strictObject({
  name: z.enum(onboardingSteps),
  status: ProgressStatus,
  attempts: z.int().min(0),
  started_at: Instant.nullable(),
  ended_at: Instant.nullable(),
  error: StepError.nullable(),
});
export type Step = z.infer<typeof Step>;

export const Operation = z.strictObject({
  id: OperationId,
  type: z.literal("onboard-tenant"),
  status: ProgressStatus,
  tenant_id: TenantId,
  steps: z.array(Step),
  /** Set when the operation failed: the step that did and its error. */
  error: StepError.extend({ step: z.enum(onboardingSteps).nullable() }).nullable(),
  created_at: Instant,
  updated_at: Instant,
  ended_at: Instant.nullable(),
});
export type Operation = z.infer<typeof Operation>;
