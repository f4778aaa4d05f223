import { createHash, randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Json, JsonObject } from "./asl.ts";
import { Failure } from "./failure.ts";
import { read, type Scope } from "./path.ts";

const fail = (cause: string): never => {
  throw new Failure("States.IntrinsicFailure", cause);
};

const text = (value: Json | undefined): string => (typeof value === "string" ? value : fail("expected a string"));
const number = (value: Json | undefined): number => (typeof value === "number" ? value : fail("expected a number"));
const list = (value: Json | undefined): Json[] => (Array.isArray(value) ? value : fail("expected an array"));
const record = (value: Json | undefined): JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? value : fail("expected an object");

const hashes: Readonly<Record<string, string>> = {
  MD5: "md5",
  "SHA-1": "sha1",
  "SHA-256": "sha256",
  "SHA-384": "sha384",
  "SHA-512": "sha512",
};

const range = (first: number, last: number, step: number): number[] => {
  const length = step === 0 ? 0 : Math.floor((last - first) / step) + 1;
  if (length < 1 || length > 1000) fail("an array range has 1 to 1000 items");
  return Array.from({ length }, (_, index) => first + index * step);
};

const format = (template: string, values: Json[]): string => {
  const parts = template.split("{}");
  if (parts.length - 1 !== values.length) fail("the placeholders and the arguments of States.Format differ in number");
  const shown = values.map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
  return parts.map((part, index) => (index === 0 ? part : shown[index - 1] + part)).join("");
};

const functions: Readonly<Record<string, (args: Json[]) => Json>> = {
  "States.Format": ([template, ...values]) => format(text(template), values),
  "States.StringToJson": ([json]) => JSON.parse(text(json)) as Json,
  "States.JsonToString": ([json]) => JSON.stringify(json),
  "States.Array": (args) => args,
  "States.ArrayPartition": ([array, size]) => {
    const [items, length] = [list(array), number(size)];
    if (length < 1) fail("the size of a partition is at least 1");
    return Array.from({ length: Math.ceil(items.length / length) }, (_, index) =>
      items.slice(index * length, (index + 1) * length),
    );
  },
  "States.ArrayContains": ([array, sought]) => list(array).some((item) => isDeepStrictEqual(item, sought)),
  "States.ArrayRange": ([first, last, step]) => range(number(first), number(last), number(step)),
  "States.ArrayGetItem": ([array, index]) => list(array)[number(index)] ?? fail("the index is outside the array"),
  "States.ArrayLength": ([array]) => list(array).length,
  "States.ArrayUnique": ([array]) =>
    list(array).filter((item, index, all) => all.findIndex((other) => isDeepStrictEqual(other, item)) === index),
  "States.Base64Encode": ([data]) => Buffer.from(text(data)).toString("base64"),
  "States.Base64Decode": ([data]) => Buffer.from(text(data), "base64").toString(),
  "States.Hash": ([data, algorithm]) =>
    createHash(hashes[text(algorithm)] ?? fail(`there is no hash ${text(algorithm)}`))
      .update(typeof data === "string" ? data : JSON.stringify(data))
      .digest("hex"),
  "States.JsonMerge": ([left, right, deep]) =>
    deep === false ? { ...record(left), ...record(right) } : fail("States.JsonMerge merges shallowly only"),
  "States.MathRandom": ([low, high]) => number(low) + Math.floor(Math.random() * (number(high) - number(low))),
  "States.MathAdd": ([left, right]) => number(left) + number(right),
  "States.StringSplit": ([string, separators]) => {
    const cut = new Set(text(separators));
    const parts = [""];
    for (const letter of text(string)) {
      if (cut.has(letter)) parts.push("");
      else parts.push(`${parts.pop() ?? ""}${letter}`);
    }
    return parts.filter((part) => part !== "");
  },
  "States.UUID": () => randomUUID(),
};

/** Evaluates one intrinsic function call such as `States.Format('{}-{}', $.a, States.UUID())`. */
export const evaluate = (expression: string, scope: Scope): Json => {
  let at = 0;
  const space = (): void => {
    while (expression[at] === " ") at += 1;
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const match = pattern.exec(expression);
    if (match === null) return undefined;
    at = pattern.lastIndex;
    return match[0];
  };
  const call = (): Json => {
    const name = take(/States\.\w+/y) ?? fail(`'${expression}' is not an intrinsic function`);
    const run = Object.hasOwn(functions, name) ? functions[name] : undefined;
    if (run === undefined) return fail(`there is no intrinsic function ${name}`);
    if (take(/\s*\(\s*/y) === undefined) fail(`${name} is not called`);
    const args: Json[] = [];
    while (take(/\s*\)/y) === undefined) {
      if (args.length > 0 && take(/\s*,\s*/y) === undefined) fail(`'${expression}' is not well formed`);
      args.push(argument());
    }
    return run(args);
  };
  const argument = (): Json => {
    space();
    const quoted = take(/'(?:[^'\\]|\\.)*'/y);
    if (quoted !== undefined) return quoted.slice(1, -1).replaceAll(/\\(.)/g, "$1");
    const path = take(/\$(?:[^\s,()[\]]|\[[^\]]*\])*/y);
    if (path !== undefined) return read(path, scope, expression);
    const literal = take(/-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y);
    return literal === undefined ? call() : (JSON.parse(literal) as Json);
  };
  try {
    return call();
  } catch (error) {
    if (error instanceof Failure) throw error;
    return fail(`'${expression}': ${error instanceof Error ? error.message : String(error)}`);
  }
};
