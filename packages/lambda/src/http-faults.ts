import type { FieldError } from "@tenantry/core/problem";
import type { z } from "zod";

/** Writes a place in a request the way a caller reads it. */
export type Pointer = (path: readonly PropertyKey[]) => string;

/** RFC 6901; the whole body is the empty pointer. */
export const jsonPointer: Pointer = (path) =>
  path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

export const parameter =
  (place: "path" | "query"): Pointer =>
  (path) =>
    `${place}:${path.map(String).join(".")}`;

/** What the schema has against a value, fault by fault: several unknown fields are one issue and as many faults. */
export const faultsOf = (error: z.ZodError, value: unknown, pointer: Pointer): FieldError[] =>
  error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({ pointer: pointer([...issue.path, key]), detail: "is not known here" }))
      : [{ pointer: pointer(issue.path), detail: isMissing(value, issue.path) ? "is required" : detailOf(issue) }],
  );

const isMissing = (value: unknown, path: readonly PropertyKey[]): boolean => {
  let at = value;
  for (const part of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, part)) return true;
    at = (at as Record<PropertyKey, unknown>)[part];
  }
  return false;
};

const articles: Record<string, string> = { array: "a list", object: "an object", int: "a whole number" };
const units: Record<string, string> = { string: " characters", array: " entries" };

const detailOf = (issue: z.core.$ZodIssue): string => {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${articles[issue.expected] ?? `a ${issue.expected}`}`;
    case "invalid_value":
      return `must be ${issue.values.length === 1 ? "" : "one of "}${issue.values.join(", ")}`;
    case "too_small":
      return issue.message.startsWith("must ")
        ? issue.message
        : `must be at least ${issue.minimum}${units[issue.origin] ?? ""}`;
    case "too_big":
      return issue.message.startsWith("must ")
        ? issue.message
        : `must be at most ${issue.maximum}${units[issue.origin] ?? ""}`;
    default:
      return issue.message;
  }
};
