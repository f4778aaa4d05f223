import { JSONPath } from "jsonpath-plus";
import type { Json, JsonObject } from "./asl.ts";
import { Failure, runtimeFailure } from "./failure.ts";

/** What paths are read from: a state's input, and the context object behind `$$`. */
export type Scope = { readonly input: Json; readonly context: JsonObject };

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The value at a path, or undefined when there is none. */
export const find = (path: string, scope: Scope): Json | undefined => {
  const [expression, json] = path.startsWith("$$") ? [path.slice(1), scope.context] : [path, scope.input];
  if (expression === "$") return json;
  if (json === null || typeof json !== "object") return undefined;
  return JSONPath<Json | undefined>({ path: expression, json, wrap: false, eval: "safe" });
};

/** @throws Failure `States.Runtime` when the path leads nowhere. */
export const read = (path: string, scope: Scope, field: string): Json => {
  const value = find(path, scope);
  if (value !== undefined) return structuredClone(value);
  const input = JSON.stringify(path.startsWith("$$") ? scope.context : scope.input);
  throw runtimeFailure(
    `The JSONPath '${path}' specified for the field '${field}' could not be found in the input '${input}'`,
  );
};

/** The steps of a reference path such as `$.steps[0]['made by']`. */
const steps = (path: string): (string | number)[] => {
  const found: (string | number)[] = [];
  const step = /\.([^.[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/gy;
  let end = 1;
  step.lastIndex = end;
  for (let match = step.exec(path); match !== null; match = step.exec(path)) {
    end = step.lastIndex;
    found.push(match[2] === undefined ? (match[1] ?? match[3] ?? match[4] ?? "") : Number(match[2]));
  }
  if (!path.startsWith("$") || end !== path.length) throw runtimeFailure(`'${path}' is not a reference path`);
  return found;
};

const put = (target: Json | undefined, [head, ...rest]: (string | number)[], value: Json, path: string): Json => {
  if (head === undefined) return value;
  if (typeof head === "number") {
    if (!Array.isArray(target) || head >= target.length) throw mismatch(path);
    return target.with(head, put(target[head], rest, value, path));
  }
  if (target !== undefined && !isObject(target)) throw mismatch(path);
  return { ...target, [head]: put(target?.[head], rest, value, path) };
};

const mismatch = (path: string): Failure =>
  new Failure("States.ResultPathMatchFailure", `Unable to apply ReferencePath ${path} to the state's input`);

/** A state's output: its input with the result put at `ResultPath`. */
export const placeResult = (path: string | null | undefined, input: Json, result: Json): Json => {
  if (path === null) return input;
  return path === undefined || path === "$" ? result : put(input, steps(path), result, path);
};
