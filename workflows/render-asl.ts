import { type TaskHandler, type TaskName, tasks } from "@tenantry/contract/tasks";
import type { Branch, Retry, State, Workflow } from "./define.ts";

/** A state machine in Amazon States Language. `Arn` is whatever `functionArn` gives: a string, or a value known only at deployment. */
export type Asl<Arn> = AslBranch<Arn> & { readonly Comment: string; readonly TimeoutSeconds: number };
type AslBranch<Arn> = { readonly StartAt: string; readonly States: Readonly<Record<string, AslState<Arn>>> };
type AslState<Arn> = Readonly<Record<string, unknown>> & {
  readonly Type: "Task" | "Parallel" | "Succeed" | "Fail";
  readonly Branches?: readonly AslBranch<Arn>[];
};

export type Rendering<Arn> = {
  readonly functionArn: (handler: TaskHandler) => Arn;
  /** Seconds, for a stage that shall not wait as long as the workflow would; absent: as the workflow says. */
  readonly longestRetryDelay?: number;
};

/** Renders a workflow to Amazon States Language with the query language JSONPath. Pure. */
export const renderAsl = <Arn>(workflow: Workflow, rendering: Rendering<Arn>): Asl<Arn> => ({
  Comment: workflow.comment,
  TimeoutSeconds: workflow.timeoutSeconds,
  ...renderBranch(workflow, rendering),
});

const renderBranch = <Arn>(branch: Branch, rendering: Rendering<Arn>): AslBranch<Arn> => ({
  StartAt: branch.startAt,
  States: Object.fromEntries(
    Object.entries(branch.states).map(([name, state]) => [name, renderState(name, state, rendering)]),
  ),
});

const renderState = <Arn>(name: string, state: State, rendering: Rendering<Arn>): AslState<Arn> => {
  if (state.type === "fail") return { Type: "Fail", Error: state.error, Cause: state.cause };
  if (state.type === "succeed") return { Type: "Succeed" };
  const onwards = {
    // What a state makes is in the registry; the input goes on as it came.
    ResultPath: null,
    ...(state.onFailure !== undefined && { Catch: [catchAll(state.onFailure)] }),
    ...("next" in state ? { Next: state.next } : { End: true }),
  };
  if (state.type === "parallel")
    return {
      Type: "Parallel",
      Branches: state.branches.map((branch) => renderBranch(branch, rendering)),
      ...onwards,
    };
  return {
    Type: "Task",
    Resource: "arn:aws:states:::lambda:invoke",
    Parameters: {
      FunctionName: rendering.functionArn(tasks[name as TaskName]),
      Payload: {
        "operation_id.$": "$.operation_id",
        "tenant_id.$": "$.tenant_id",
        step: name,
        "execution.$": "$$.Execution.Name",
        "attempt.$": "$$.State.RetryCount",
        ...(state.withFailure && { "failure.$": "$.failure" }),
      },
    },
    TimeoutSeconds: state.timeoutSeconds,
    Retry: state.retry.map((retry) => renderRetry(retry, rendering.longestRetryDelay)),
    ...onwards,
  };
};

const renderRetry = (retry: Retry, longest = retry.maxDelaySeconds) => ({
  ErrorEquals: retry.errors,
  IntervalSeconds: retry.intervalSeconds,
  BackoffRate: retry.backoffRate,
  MaxDelaySeconds: Math.min(retry.maxDelaySeconds, longest),
  MaxAttempts: retry.maxAttempts,
  JitterStrategy: retry.steady ? "NONE" : "FULL",
});

/** The error lies beside the input, so whoever handles it still knows the operation. */
const catchAll = (next: string) => ({ ErrorEquals: ["States.ALL"], ResultPath: "$.failure", Next: next });
