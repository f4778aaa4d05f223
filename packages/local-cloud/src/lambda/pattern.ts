/** An event pattern of EventBridge, which filters of event source mappings share. Compiled once, then asked per event. */
export type EventPattern = (event: unknown) => boolean;

type Matcher = (value: unknown) => boolean;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isScalar = (value: unknown): value is string | number | boolean | null =>
  value === null || ["string", "number", "boolean"].includes(typeof value);

const text =
  (test: (value: string) => boolean): Matcher =>
  (value) =>
    typeof value === "string" && test(value);

const lower = (value: unknown): string => String(value).toLowerCase();

const wildcard = (pattern: string): Matcher => {
  const expression = pattern.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll("*", ".*");
  const regexp = new RegExp(`^${expression}$`, "s");
  return text((value) => regexp.test(value));
};

/** `"abc"` or `{"equals-ignore-case": "abc"}`. */
const affix = (operand: unknown, test: (value: string, part: string) => boolean): Matcher => {
  if (typeof operand === "string") return text((value) => test(value, operand));
  const part = isObject(operand) ? operand["equals-ignore-case"] : undefined;
  if (typeof part === "string") return text((value) => test(lower(value), lower(part)));
  throw new Error(`Event pattern: ${JSON.stringify(operand)} is no text to compare with.`);
};

const comparisons: Readonly<Record<string, (value: number, limit: number) => boolean>> = {
  "=": (value, limit) => value === limit,
  "<": (value, limit) => value < limit,
  "<=": (value, limit) => value <= limit,
  ">": (value, limit) => value > limit,
  ">=": (value, limit) => value >= limit,
};

const numeric = (operand: unknown): Matcher => {
  const parts: unknown[] = Array.isArray(operand) ? operand : [];
  const tests: ((value: number) => boolean)[] = [];
  for (let index = 0; index < parts.length; index += 2) {
    const [name, limit] = [String(parts[index]), parts[index + 1]];
    const compare = Object.hasOwn(comparisons, name) ? comparisons[name] : undefined;
    if (!compare || typeof limit !== "number")
      throw new Error(`Event pattern: bad numeric ${JSON.stringify(operand)}.`);
    tests.push((value) => compare(value, limit));
  }
  if (tests.length === 0) throw new Error(`Event pattern: bad numeric ${JSON.stringify(operand)}.`);
  return (value) => typeof value === "number" && tests.every((test) => test(value));
};

const list = (operand: unknown): unknown[] => (Array.isArray(operand) ? operand : [operand]);

const anythingBut = (operand: unknown): Matcher => {
  if (!isObject(operand)) {
    const banned = new Set(list(operand));
    return (value) => isScalar(value) && !banned.has(value);
  }
  const tests = Object.entries(operand).flatMap(([name, values]) => {
    const of = anythingButOperators[name];
    if (!of) throw new Error(`Event pattern: anything-but does not know ${name}.`);
    return list(values).map((value) => of(value));
  });
  return (value) => isScalar(value) && !tests.some((test) => test(value));
};

const operators: Readonly<Record<string, (operand: unknown) => Matcher>> = {
  prefix: (operand) => affix(operand, (value, part) => value.startsWith(part)),
  suffix: (operand) => affix(operand, (value, part) => value.endsWith(part)),
  "equals-ignore-case": (operand) => text((value) => lower(value) === lower(operand)),
  wildcard: (operand) => wildcard(String(operand)),
  numeric,
  "anything-but": anythingBut,
};
const anythingButOperators: Readonly<Record<string, (operand: unknown) => Matcher>> = {
  prefix: operators["prefix"] as (operand: unknown) => Matcher,
  suffix: operators["suffix"] as (operand: unknown) => Matcher,
  wildcard: operators["wildcard"] as (operand: unknown) => Matcher,
  "equals-ignore-case": operators["equals-ignore-case"] as (operand: unknown) => Matcher,
};

/** One alternative of a field. An absent field arrives as undefined, which only `exists: false` accepts. */
const alternative = (condition: unknown): Matcher => {
  if (isScalar(condition)) return (value) => value === condition;
  if (!isObject(condition) || Object.keys(condition).length !== 1) {
    throw new Error(`Event pattern: ${JSON.stringify(condition)} is no condition.`);
  }
  const [name = "", operand] = Object.entries(condition)[0] ?? [];
  if (name === "exists") return (value) => (value !== undefined && !isObject(value)) === Boolean(operand);
  const operator = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (!operator) throw new Error(`Event pattern: the operator ${name} is not known.`);
  return operator(operand);
};

/** A field that holds a list matches when one of its values does. */
const field = (conditions: readonly unknown[]): Matcher => {
  const alternatives = conditions.map((condition) => alternative(condition));
  return (value) => {
    const values = Array.isArray(value) && value.length > 0 ? value : [Array.isArray(value) ? undefined : value];
    return alternatives.some((matches) => values.some((one) => matches(one)));
  };
};

const node = (pattern: unknown): Matcher => {
  if (!isObject(pattern)) throw new Error("Event pattern: each field needs a list of conditions or an object.");
  const tests = Object.entries(pattern).map(([name, condition]): Matcher => {
    if (name === "$or" && Array.isArray(condition)) {
      const branches = condition.map((branch) => node(branch));
      return (event) => branches.some((matches) => matches(event));
    }
    const matches = Array.isArray(condition) ? field(condition) : node(condition);
    return (event) => {
      if (Array.isArray(event)) return event.some((one) => isObject(one) && matches(one[name]));
      return matches(isObject(event) ? event[name] : undefined);
    };
  });
  return (event) => tests.every((test) => test(event));
};

/** @throws Error that names what is wrong with the pattern: an operator that is not known never matches silently. */
export const compilePattern = (pattern: unknown): EventPattern =>
  node(typeof pattern === "string" ? JSON.parse(pattern) : pattern);
