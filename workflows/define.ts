import type { TaskName } from "@tenantry/contract/tasks";

/** Which errors are worth another try, and how long to wait: `interval × rate^n`, at most `maxDelay`, then full jitter. */
export type Retry = {
  readonly errors: readonly string[];
  readonly intervalSeconds: number;
  readonly backoffRate: number;
  readonly maxDelaySeconds: number;
  readonly maxAttempts: number;
  /** For waits rather than retries: the delay as it is, without jitter. */
  readonly steady?: true;
};

/** Where a state leads: another state of the same machine or branch, or its end. */
type Onward<Name extends string> = { readonly next: Name } | { readonly end: true };
type Caught<Name extends string> = { readonly onFailure?: Name };

/** Invokes the Lambda function of the task whose name the state bears. */
type TaskState<Name extends string = string> = Onward<Name> &
  Caught<Name> & {
    readonly type: "task";
    /** Of one attempt. A little more than the function's own timeout, so that the function's error is the one seen. */
    readonly timeoutSeconds: number;
    readonly retry: readonly Retry[];
    /** Whether the payload carries the caught `failure`. */
    readonly withFailure?: true;
  };

type ParallelState<Name extends string = string> = Onward<Name> &
  Caught<Name> & { readonly type: "parallel"; readonly branches: readonly Branch[] };

/** Ends the branch, or the machine, well. */
type SucceedState = { readonly type: "succeed" };

type FailState = { readonly type: "fail"; readonly error: string; readonly cause: string };

export type State<Name extends string = string> = TaskState<Name> | ParallelState<Name> | SucceedState | FailState;

/** A state of type `task` can only stand under the name of a task. */
type StateAt<Key extends string, Name extends string> =
  | (Key extends TaskName ? TaskState<Name> : never)
  | ParallelState<Name>
  | SucceedState
  | FailState;

type Machine<Name extends string> = {
  readonly startAt: NoInfer<Name>;
  readonly states: { readonly [Key in Name]: StateAt<Key, NoInfer<Name>> };
};

export type Branch = { readonly startAt: string; readonly states: Readonly<Record<string, State>> };
export type Workflow = Branch & { readonly comment: string; readonly timeoutSeconds: number };

/** A state machine as data. `startAt`, `next` and `onFailure` must name one of `states`; a slip does not compile. */
export const defineWorkflow = <const Name extends string>(
  workflow: Machine<Name> & { readonly comment: string; readonly timeoutSeconds: number },
): Workflow => workflow;

/** One branch of a parallel state: a machine of its own, whose errors go to the parallel state's `onFailure`. */
export const defineBranch = <const Name extends string>(branch: Machine<Name>): Branch => branch;
