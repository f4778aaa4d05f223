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

/** Of a step. */
export const progressStatuses = ["pending", "running", "succeeded", "failed"] as const;
export const ProgressStatus = z.enum(progressStatuses);
export type ProgressStatus = z.infer<typeof ProgressStatus>;

/** Of an operation. What may follow what is in `transitions.ts`. */
export const operationStatuses = [
  "pending",
  "running",
  "compensating",
  "succeeded",
  "failed",
  "cancelled",
  "compensation_failed",
] as const;
export const OperationStatus = z.enum(operationStatuses);
export type OperationStatus = z.infer<typeof OperationStatus>;

/** Why a step failed, in words fit for a platform admin. `code` is the error's name, such as `AccessDeniedException`. */
export const StepError = z.strictObject({ code: z.string(), message: z.string() });
export type StepError = z.infer<typeof StepError>;

const progress = {
  status: ProgressStatus,
  attempts: z.int().min(0),
  started_at: Instant.nullable(),
  ended_at: Instant.nullable(),
  error: StepError.nullable(),
};

export const Step = z.strictObject({ name: z.enum(onboardingSteps), ...progress });
export type Step = z.infer<typeof Step>;

export const Compensation = z.strictObject({ name: z.enum(compensationSteps), ...progress });
export type Compensation = z.infer<typeof Compensation>;

export const Operation = z.strictObject({
  id: OperationId,
  type: z.literal("onboard-tenant"),
  status: OperationStatus,
  tenant_id: TenantId,
  /** 1 at first; each retry of the whole counts on. */
  attempt: z.int().min(1),
  /** The name of the execution that works on it, or did last. */
  execution: z.string(),
  steps: z.array(Step),
  /** What is taken back after a failure; empty as long as nothing is. A step that has not succeeded is what remains. */
  compensation: z.array(Compensation),
  /** Set from the failure on: the step that failed and its error. */
  error: StepError.extend({ step: z.enum(onboardingSteps).nullable() }).nullable(),
  created_at: Instant,
  updated_at: Instant,
  /** When somebody asked for its end; null unless they did. */
  cancelled_at: Instant.nullable(),
  ended_at: Instant.nullable(),
});
export type Operation = z.infer<typeof Operation>;
