import validator from "asl-validator";
import { allStates, type Definition, type State } from "./asl.ts";
import { taskResource } from "./task.ts";

/** Fields that AWS knows and the embedded cloud does not act on: refused rather than ignored. */
const missing = ["Assign", "ItemReader", "ItemBatcher", "ResultWriter", "Credentials"] as const;
const missingMatching = /^(Heartbeat|ToleratedFailure|MaxConcurrencyPath)/;

const problemsOf = (name: string, state: State): string[] => {
  const found: string[] = [];
  for (const field of Object.keys(state)) {
    if (missing.some((one) => one === field) || missingMatching.test(field)) {
      found.push(`state '${name}': the embedded cloud has no ${field}`);
    }
  }
  if (state.Type === "Task" && taskResource(state.Resource ?? "") === undefined) {
    found.push(`state '${name}': the embedded cloud has no task resource ${state.Resource}`);
  }
  if (state.Type === "Task" && state.Resource === "arn:aws:states:::lambda:invoke") {
    const parameters = Object(state.Parameters) as Record<string, unknown>;
    if (!("FunctionName" in parameters) && !("FunctionName.$" in parameters)) {
      found.push(`state '${name}': Parameters lack FunctionName`);
    }
    if ((parameters["InvocationType"] ?? "RequestResponse") !== "RequestResponse") {
      found.push(`state '${name}': the embedded cloud has no InvocationType ${String(parameters["InvocationType"])}`);
    }
  }
  const mode = (state.ItemProcessor as { ProcessorConfig?: { Mode?: string } } | undefined)?.ProcessorConfig?.Mode;
  if (mode === "DISTRIBUTED") found.push(`state '${name}': the embedded cloud has no distributed Map`);
  for (const field of ["Retry", "Catch"] as const) {
    const entries: readonly { ErrorEquals: string[] }[] = state[field] ?? [];
    entries.forEach(({ ErrorEquals: names }, index) => {
      if (names.includes("States.ALL") && (names.length > 1 || index < entries.length - 1)) {
        found.push(`state '${name}': States.ALL must stand alone and last in ${field}`);
      }
    });
  }
  return found;
};

/** Definitions that were found to be right, by their text: a check takes a tenth of a second. */
const checked = new Map<string, Definition>();

/** Parses and checks a definition. @throws Error that lists everything wrong with it. */
export const parseDefinition = (text: string): Definition => {
  const definition = checked.get(text) ?? check(text);
  checked.set(text, definition);
  return definition;
};

const check = (text: string): Definition => {
  const parsed = JSON.parse(text) as unknown;
  if (/"QueryLanguage"\s*:\s*"JSONata"/.test(text)) {
    throw new Error("The embedded cloud runs JSONPath state machines only; this one sets QueryLanguage JSONata.");
  }
  // The validator writes defaults into what it is given.
  const { isValid, errorsText } = validator(structuredClone(parsed), {
    checkPaths: true,
    checkArn: true,
  });
  if (!isValid) throw new Error(`The definition is not valid:\n${errorsText("\n")}`);
  const definition = parsed as Definition;
  const problems = allStates(definition).flatMap(([name, state]) => problemsOf(name, state));
  if (problems.length > 0) throw new Error(`The definition cannot run here:\n${problems.join("\n")}`);
  return definition;
};
