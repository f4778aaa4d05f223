import { asText, type Definition, type Json, type JsonObject, type State } from "./asl.ts";
import { runBranches, runItems } from "./branches.ts";
import { matches } from "./choice.ts";
import { asFailure, Failure, matchesError } from "./failure.ts";
import type { Recorder } from "./history.ts";
import { find, placeResult, read, type Scope } from "./path.ts";
import { retries } from "./retry.ts";
import { sleepUntil } from "./sleep.ts";
import { runTask, type Integration } from "./task.ts";
import { fill } from "./template.ts";

/** What an execution needs from outside. */
export type Run = {
  /** The context object's `Execution` and `StateMachine`, and `Map` inside an item processor. */
  readonly context: JsonObject;
  readonly region: string;
  readonly record: Recorder;
  readonly integrate: Integration;
  /** Aborted when the execution, or the branch, is to stop. */
  readonly signal: AbortSignal;
};

/** One visit to a state. `previous` is the id of the last event of this branch. */
export type Visit = { readonly name: string; readonly state: State; readonly run: Run; previous: number };

/** Where one branch stands at its end. */
export type Outcome = { readonly output: Json; readonly previous: number };

/** Follows a definition from its start to its end. @throws Failure when it fails, the signal's reason when it is stopped. */
export type Interpret = (definition: Definition, input: Json, run: Run, previous: number) => Promise<Outcome>;

const largestPayload = 262_144;

const withinLimit = (value: Json, name: string): Json => {
  if (Buffer.byteLength(JSON.stringify(value)) <= largestPayload) return value;
  throw new Failure(
    "States.DataLimitExceeded",
    `The state '${name}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );
};

export const interpret: Interpret = async (definition, input, run, previous) => {
  let [name, data, last] = [definition.StartAt, input, previous];
  for (;;) {
    run.signal.throwIfAborted();
    const state = definition.States[name];
    if (state === undefined) throw asFailure(`There is no state '${name}'`);
    const visit: Visit = { name, state, run, previous: last };
    const { output, next } = await runState(visit, data);
    [data, last] = [output, visit.previous];
    if (next === undefined) return { output: data, previous: last };
    name = next;
  }
};

type Step = { readonly output: Json; readonly next: string | undefined };

const runState = async (visit: Visit, input: Json): Promise<Step> => {
  const { name, state, run } = visit;
  const entered = new Date().toISOString();
  visit.previous = run.record(`${state.Type}StateEntered`, visit.previous, {
    name,
    input: JSON.stringify(input),
    inputDetails: { truncated: false },
  });
  const nextDelay = retries(state.Retry ?? []);
  for (let attempt = 0; ; attempt += 1) {
    const context = { ...run.context, State: { Name: name, EnteredTime: entered, RetryCount: attempt } };
    try {
      return exit(visit, await attemptState(visit, input, context));
    } catch (error) {
      if (run.signal.aborted) throw stopped(visit);
      const failure = asFailure(error);
      const wait = nextDelay(failure.error);
      if (wait === undefined) return exit(visit, caught(state, input, failure));
      await sleepUntil(Date.now() + wait, run.signal);
    }
  }
};

const stopped = (visit: Visit): Error => {
  const { run, state } = visit;
  if (["Task", "Wait", "Parallel", "Map"].includes(state.Type)) run.record(`${state.Type}StateAborted`, visit.previous);
  return run.signal.reason as Error;
};

const caught = (state: State, input: Json, failure: Failure): Step => {
  const catcher = state.Catch?.find((one) => matchesError(one.ErrorEquals, failure.error));
  if (catcher === undefined) throw failure;
  const error = { Error: failure.error, Cause: failure.failureCause };
  return { output: placeResult(catcher.ResultPath, input, error), next: catcher.Next };
};

const exit = (visit: Visit, step: Step): Step => {
  visit.previous = visit.run.record(`${visit.state.Type}StateExited`, visit.previous, {
    name: visit.name,
    output: JSON.stringify(step.output),
    outputDetails: { truncated: false },
  });
  return step;
};

const attemptState = async (visit: Visit, input: Json, context: JsonObject): Promise<Step> => {
  const { state, name } = visit;
  const outer: Scope = { input, context };
  const selected = state.InputPath === null ? {} : read(state.InputPath ?? "$", outer, "InputPath");
  const scope: Scope = { input: selected, context };
  if (state.Type === "Choice") {
    const rule = state.Choices?.find((one) => matches(one, scope));
    const next = rule === undefined ? state.Default : asText(rule["Next"]);
    if (next === undefined) throw new Failure("States.NoChoiceMatched", "No choice matched and there is no default");
    return { output: selectOutput(state, selected, context), next };
  }
  const result = withinLimit(await produce(visit, scope), name);
  const shaped = state.ResultSelector === undefined ? result : fill(state.ResultSelector, { input: result, context });
  const output = selectOutput(state, placeResult(state.ResultPath, input, shaped), context);
  return { output: withinLimit(output, name), next: state.Type === "Succeed" ? undefined : state.Next };
};

const selectOutput = (state: State, value: Json, context: JsonObject): Json =>
  state.OutputPath === null ? {} : read(state.OutputPath ?? "$", { input: value, context }, "OutputPath");

const withParameters = (state: State, scope: Scope): Json =>
  state.Parameters === undefined ? scope.input : fill(state.Parameters, scope);

const produce = async (visit: Visit, scope: Scope): Promise<Json> => {
  const { state } = visit;
  switch (state.Type) {
    case "Task":
      return runTask(visit, withParameters(state, scope), scope);
    case "Parallel":
      return runBranches(visit, withParameters(state, scope), interpret);
    case "Map":
      return runItems(visit, scope, interpret);
    case "Wait":
      await sleepUntil(wakeTime(state, scope), visit.run.signal);
      return scope.input;
    case "Fail":
      throw new Failure(
        state.ErrorPath === undefined ? (state.Error ?? "") : asText(expression(state.ErrorPath, scope)),
        state.CausePath === undefined ? (state.Cause ?? "") : asText(expression(state.CausePath, scope)),
      );
    case "Pass":
      return state.Result === undefined ? withParameters(state, scope) : state.Result;
    default:
      return scope.input;
  }
};

/** A path, or an intrinsic function where AWS takes one too. */
const expression = (text: string, scope: Scope): Json =>
  Object.values(fill({ "value.$": text }, scope) as JsonObject)[0] ?? null;

const wakeTime = (state: State, scope: Scope): number => {
  if (state.Seconds !== undefined) return Date.now() + state.Seconds * 1000;
  if (state.Timestamp !== undefined) return Date.parse(state.Timestamp);
  if (state.SecondsPath !== undefined) {
    const seconds = find(state.SecondsPath, scope);
    if (typeof seconds === "number" && seconds >= 0) return Date.now() + seconds * 1000;
    throw asFailure(`The SecondsPath '${state.SecondsPath}' does not lead to a number of seconds`);
  }
  const time = Date.parse(asText(find(state.TimestampPath ?? "", scope)));
  if (Number.isNaN(time)) throw asFailure(`The TimestampPath '${state.TimestampPath}' does not lead to a timestamp`);
  return time;
};
