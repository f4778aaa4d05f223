import type { StepName } from "@tenantry/core/operation/operation";
import { OperationId, TenantId } from "@tenantry/core/ids";
import { z } from "zod";

/**
 * Every task a state machine may call: the state's name and the file of its handler, `functions/tasks/<file>.ts`.
 * The steps of onboarding and of its compensation are shown to people; the other three only turn or end the operation.
 */
export const tasks = {
  ValidateTenant: "validate-tenant",
  ProvisionDatabase: "provision-database",
  ProvisionStorage: "provision-storage",
  ProvisionIdentity: "provision-identity",
  ProvisionNamespace: "provision-namespace",
  ActivateTenant: "activate-tenant",
  NotifyOwner: "notify-owner",
  ReleaseDatabase: "release-database",
  ReleaseStorage: "release-storage",
  ReleaseIdentity: "release-identity",
  ReleaseNamespace: "release-namespace",
  BeginCompensation: "begin-compensation",
  FinishOnboarding: "finish-onboarding",
  FailOnboarding: "fail-onboarding",
} as const satisfies Record<StepName | "BeginCompensation" | "FinishOnboarding" | "FailOnboarding", string>;

export type TaskName = keyof typeof tasks;
/** A handler's file name without its ending, and the last part of its function's name in the stacks. */
export type TaskHandler = (typeof tasks)[TaskName];
export const taskNames = Object.keys(tasks) as [TaskName, ...TaskName[]];

/** What Step Functions hands to a Catch: the error's name, and for a Lambda its `{errorType, errorMessage, trace}` as JSON. */
export const Failure = z.object({ Error: z.string(), Cause: z.string().default("") });
export type Failure = z.infer<typeof Failure>;

/** The payload of every task. A task looks up everything else in the registry, so nothing in it can be stale. */
export const TaskInput = z.strictObject({
  operation_id: OperationId,
  tenant_id: TenantId,
  step: z.enum(taskNames),
  /** 0 at first, then the number of the retry within this visit of the state. */
  attempt: z.int().min(0).default(0),
  /** The name of the execution that calls. A straggler of another one may not begin. */
  execution: z.string().optional(),
  /** Only BeginCompensation is told it. */
  failure: Failure.optional(),
});
export type TaskInput = z.infer<typeof TaskInput>;
