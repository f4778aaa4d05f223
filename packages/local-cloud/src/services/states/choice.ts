import { asText, type Json, type Rule } from "./asl.ts";
import { runtimeFailure } from "./failure.ts";
import { find, read, type Scope } from "./path.ts";

const timestamp = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** A value as the comparison's type sees it; undefined when it is of another type, which never matches. */
const kinds: Readonly<Record<string, (value: Json) => string | number | boolean | undefined>> = {
  String: (value) => (typeof value === "string" ? value : undefined),
  Numeric: (value) => (typeof value === "number" ? value : undefined),
  Boolean: (value) => (typeof value === "boolean" ? value : undefined),
  Timestamp: (value) => (typeof value === "string" && timestamp.test(value) ? Date.parse(value) : undefined),
};

type Comparable = string | number | boolean;

const comparisons: Readonly<Record<string, (left: Comparable, right: Comparable) => boolean>> = {
  Equals: (left, right) => left === right,
  LessThan: (left, right) => left < right,
  LessThanEquals: (left, right) => left <= right,
  GreaterThan: (left, right) => left > right,
  GreaterThanEquals: (left, right) => left >= right,
};

const tests: Readonly<Record<string, (value: Json) => boolean>> = {
  IsNull: (value) => value === null,
  IsString: (value) => typeof value === "string",
  IsNumeric: (value) => typeof value === "number",
  IsBoolean: (value) => typeof value === "boolean",
  IsTimestamp: (value) => kinds["Timestamp"]?.(value) !== undefined,
};

/** `StringMatches`: `*` stands for anything, `\*` for a star. */
const wildcard = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern.replaceAll(/\\[*\\]|\*|[^*\\]+|\\/g, (part) => (part === "*" ? "[^]*" : RegExp.escape(part.replace(/^\\(.)/, "$1"))))}$`,
  );

const operators = new RegExp(`^(${Object.keys(kinds).join("|")})(${Object.keys(comparisons).join("|")})(Path)?$`);

const compare = (operator: string, operand: Json, variable: Json, scope: Scope): boolean => {
  const test = Object.hasOwn(tests, operator) ? tests[operator] : undefined;
  if (test !== undefined) return test(variable) === operand;
  if (operator === "StringMatches") return typeof variable === "string" && wildcard(asText(operand)).test(variable);
  const [, kind = "", comparison = "", path] = operators.exec(operator) ?? [];
  const [as, holds] = [kinds[kind], comparisons[comparison]];
  if (as === undefined || holds === undefined) throw runtimeFailure(`There is no comparison ${operator}`);
  const left = as(variable);
  const right = as(path === undefined ? operand : read(asText(operand), scope, operator));
  return left !== undefined && right !== undefined && holds(left, right);
};

/** Whether a rule of a Choice state matches. */
export const matches = (rule: Rule, scope: Scope): boolean => {
  if (Array.isArray(rule["And"])) return rule["And"].every((part) => matches(part as Rule, scope));
  if (Array.isArray(rule["Or"])) return rule["Or"].some((part) => matches(part as Rule, scope));
  if (rule["Not"] !== undefined) return !matches(rule["Not"] as Rule, scope);
  const path = asText(rule["Variable"]);
  if (rule["IsPresent"] !== undefined) return (find(path, scope) !== undefined) === rule["IsPresent"];
  const [operator, operand] =
    Object.entries(rule).find(([key]) => !["Variable", "Next", "Comment"].includes(key)) ?? [];
  if (operator === undefined || operand === undefined) throw runtimeFailure("A choice rule compares nothing");
  const variable = find(path, scope);
  if (variable === undefined) {
    throw runtimeFailure(`Invalid path '${path}': The choice state's condition path references an invalid value.`);
  }
  return compare(operator, operand, variable, scope);
};
