import type { Json } from "./asl.ts";
import { asFailure, Failure, runtimeFailure } from "./failure.ts";
import type { Visit } from "./interpreter.ts";
import { find, type Scope } from "./path.ts";
import { raceAbort } from "./sleep.ts";

/** What a Task state calls. */
export type TaskResource =
  | { readonly kind: "function"; readonly functionArn: string }
  | { readonly kind: "service"; readonly type: string; readonly action: string };

/** Calls a task's resource. @throws Failure as AWS reports it. */
export type Integration = (resource: TaskResource, parameters: Json) => Promise<Json>;

/** Reads a Task state's `Resource`; undefined when the embedded cloud has no such integration. */
export const taskResource = (arn: string): TaskResource | undefined => {
  if (/^arn:aws:lambda:[^:]+:\d{12}:function:[^:]+(:[^:]+)?$/.test(arn)) return { kind: "function", functionArn: arn };
  const [, type, action] = /^arn:aws:states:::(\w+):(\w+)$/.exec(arn) ?? [];
  const known: Readonly<Record<string, readonly string[]>> = {
    lambda: ["invoke"],
    events: ["putEvents"],
    dynamodb: ["getItem", "putItem", "updateItem", "deleteItem"],
  };
  if (type === undefined || action === undefined || !known[type]?.includes(action)) return undefined;
  return { kind: "service", type, action };
};

const timeoutOf = (visit: Visit, scope: Scope): number | undefined => {
  const { TimeoutSeconds, TimeoutSecondsPath } = visit.state;
  if (TimeoutSecondsPath === undefined) return TimeoutSeconds;
  const seconds = find(TimeoutSecondsPath, scope);
  if (typeof seconds === "number" && seconds > 0) return seconds;
  throw runtimeFailure(`The TimeoutSecondsPath '${TimeoutSecondsPath}' does not lead to a number of seconds`);
};

/** A function named by its ARN has events of its own names. */
const vocabulary = (resource: TaskResource, region: string) =>
  resource.kind === "function"
    ? { events: "LambdaFunction", about: {}, scheduled: { resource: resource.functionArn }, input: "input" }
    : {
        events: "Task",
        about: { resourceType: resource.type, resource: resource.action },
        scheduled: { resourceType: resource.type, resource: resource.action, region },
        input: "parameters",
      };

/** One attempt of a Task state. */
export const runTask = async (visit: Visit, parameters: Json, scope: Scope): Promise<Json> => {
  const { run, state } = visit;
  const resource = taskResource(state.Resource ?? "");
  if (resource === undefined) throw runtimeFailure(`The embedded cloud has no task ${state.Resource}`);
  const { events, about, scheduled, input } = vocabulary(resource, run.region);
  const record = (type: string, details: Record<string, Json>): void => {
    visit.previous = run.record(`${events}${type}`, visit.previous, details);
  };
  const seconds = timeoutOf(visit, scope);
  record("Scheduled", {
    ...scheduled,
    [input]: JSON.stringify(parameters),
    ...(seconds !== undefined && { timeoutInSeconds: seconds }),
  });
  record("Started", about);
  const timedOut = new Failure("States.Timeout", "");
  const timer = new AbortController();
  const timeout = seconds === undefined ? undefined : setTimeout(() => timer.abort(timedOut), seconds * 1000);
  try {
    const signal = AbortSignal.any([run.signal, timer.signal]);
    const output = await raceAbort(run.integrate(resource, parameters), signal);
    record("Succeeded", { ...about, output: JSON.stringify(output), outputDetails: { truncated: false } });
    return output;
  } catch (error) {
    if (run.signal.aborted) throw error;
    const failure = asFailure(error);
    record(failure === timedOut ? "TimedOut" : "Failed", {
      ...about,
      error: failure.error,
      cause: failure.failureCause,
    });
    throw failure;
  } finally {
    clearTimeout(timeout);
  }
};
