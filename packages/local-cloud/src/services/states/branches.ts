import type { Json } from "./asl.ts";
import { runtimeFailure } from "./failure.ts";
import type { Interpret, Outcome, Run, Visit } from "./interpreter.ts";
import { read, type Scope } from "./path.ts";
import { fill } from "./template.ts";

const branchStopped = new Error("Another branch failed.");

/**
 * Runs the works side by side. The first failure stops the others, and is thrown once they have stopped: nothing of a
 * failed state goes on behind its back.
 */
const together = async (
  run: Run,
  works: readonly ((run: Run) => Promise<Outcome>)[],
  atOnce = works.length,
): Promise<Outcome[]> => {
  const controller = new AbortController();
  const inner: Run = { ...run, signal: AbortSignal.any([run.signal, controller.signal]) };
  const outcomes: Outcome[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < works.length && failures.length === 0; index = next++) {
      try {
        const outcome = await works[index]?.(inner);
        if (outcome) outcomes[index] = outcome;
      } catch (error) {
        failures.push(error);
        controller.abort(branchStopped);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, works.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return outcomes;
};

/** A Parallel state: each branch gets the input; the outputs come back in the order of the branches. */
export const runBranches = async (visit: Visit, input: Json, interpret: Interpret): Promise<Json> => {
  const { run, state } = visit;
  const started = run.record("ParallelStateStarted", visit.previous);
  visit.previous = started;
  try {
    const outcomes = await together(
      run,
      (state.Branches ?? []).map((branch) => (inner) => interpret(branch, structuredClone(input), inner, started)),
    );
    visit.previous = run.record("ParallelStateSucceeded", Math.max(started, ...outcomes.map((one) => one.previous)));
    return outcomes.map((one) => one.output);
  } catch (error) {
    if (run.signal.aborted) throw error;
    visit.previous = run.record("ParallelStateFailed", started);
    throw error;
  }
};

/** An inline Map state: the processor runs once for each item. */
export const runItems = async (visit: Visit, scope: Scope, interpret: Interpret): Promise<Json> => {
  const { run, state, name } = visit;
  const items = read(state.ItemsPath ?? "$", scope, "ItemsPath");
  if (!Array.isArray(items)) throw runtimeFailure(`The items of the Map state '${name}' are not an array`);
  const processor = state.ItemProcessor ?? state.Iterator;
  if (processor === undefined) throw runtimeFailure(`The Map state '${name}' has no ItemProcessor`);
  const selector = state.ItemSelector ?? state.Parameters;
  const started = run.record("MapStateStarted", visit.previous, { length: items.length });
  visit.previous = started;
  const works = items.map((item, index) => async (inner: Run) => {
    const map = { Item: { Index: index, Value: item } };
    const input = selector === undefined ? item : fill(selector, { ...scope, context: { ...scope.context, Map: map } });
    const details = { name, index };
    const begun = run.record("MapIterationStarted", started, details);
    try {
      const context = { ...inner.context, Map: map };
      const outcome = await interpret(processor, structuredClone(input), { ...inner, context }, begun);
      return { output: outcome.output, previous: run.record("MapIterationSucceeded", outcome.previous, details) };
    } catch (error) {
      run.record(inner.signal.aborted ? "MapIterationAborted" : "MapIterationFailed", begun, details);
      throw error;
    }
  });
  try {
    const outcomes = await together(run, works, state.MaxConcurrency || 40);
    visit.previous = run.record("MapStateSucceeded", Math.max(started, ...outcomes.map((one) => one.previous)));
    return outcomes.map((one) => one.output);
  } catch (error) {
    if (run.signal.aborted) throw error;
    visit.previous = run.record("MapStateFailed", started);
    throw error;
  }
};
