import { onboardingSteps, type OnboardingStep, type Operation, type StepError } from "../operation/operation.ts";
import type { TaskRun } from "./ports.ts";

/** The message of an error that a task lets out: the step, then the reason. `failureOf` reads it back. */
export const stepMessage = (step: string, reason: string): string => `${step}: ${reason}`;

/**
 * Which step failed and why. The error says so itself if a task threw it. A task that timed out or died had no
 * chance to: then it is the step still running, and else the one that failed last.
 */
export const failureOf = (
  operation: Operation,
  failure: TaskRun["failure"],
): { step: OnboardingStep | null; error: StepError } => {
  const said = onboardingSteps.find((step) => reasonOf(failure)?.startsWith(stepMessage(step, "")));
  const recorded = operation.steps.find((step) => step.name === said)?.error;
  if (said !== undefined)
    return {
      step: said,
      error: recorded ?? { code: failure!.Error, message: reasonOf(failure)!.slice(said.length + 2) },
    };

  const step = operation.steps.find((each) => each.status === "running") ?? lastFailed(operation);
  return {
    step: step?.name ?? null,
    error: step?.error ?? {
      code: failure?.Error ?? "Unknown",
      message: reasonOf(failure) ?? "The task timed out or died before it could say why.",
    },
  };
};

const lastFailed = (operation: Operation) =>
  operation.steps
    .filter((step) => step.status === "failed")
    .toSorted((a, b) => (a.ended_at ?? "").localeCompare(b.ended_at ?? ""))
    .at(-1);

/** The `errorMessage` in a Lambda's cause; undefined when the cause is something else. */
const reasonOf = (failure: TaskRun["failure"]): string | undefined => {
  try {
    const cause: unknown = JSON.parse(failure?.Cause ?? "");
    if (
      typeof cause === "object" &&
      cause !== null &&
      "errorMessage" in cause &&
      typeof cause.errorMessage === "string"
    )
      return cause.errorMessage;
  } catch {
    // No JSON: a timeout's cause is empty, a service's is prose.
  }
  return failure?.Cause || undefined;
};
