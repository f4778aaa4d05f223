import type { ProblemCode } from "@tenantry/core/problem";
import { z } from "zod";
import { isQuotaBound } from "./quota-bound.ts";
import { type OperationName, type Route, routes } from "./routes.ts";

/** A row of a table. */
export type Row = {
  readonly [column: string]: string | number | boolean | Readonly<Record<string, string>> | undefined;
  readonly dimensions?: Readonly<Record<string, string>>;
};

export type Success = {
  readonly status: 200 | 201 | 202;
  readonly description: string;
  readonly contentType: string;
  readonly body: z.ZodType;
  /** The body as a table, where it can be had as CSV and as JSON lines too. */
  readonly rows?: (body: unknown) => readonly Row[];
  /** What JSON lines have one a line, where that is more than the rows. */
  readonly lines?: (body: unknown) => readonly object[];
  /** Headers besides those of every response, by their name in lower case. */
  readonly headers?: z.ZodObject;
};

/** One on each line, as lists merge. */
type Tag =
  | "Tenants"
  | "Operations"
  | "Usage"
  | "Billing"
  | "Storage"
  | "Webhooks"
  | "Sessions"
  | "Users"
  | "API keys"
  | "Audit"
  | "Service";

/** One operation of the API: everything there is to know about it on the wire. */
export type Operation = Route & {
  readonly id: OperationName;
  readonly tag: Tag;
  readonly summary: string;
  readonly description: string;
  readonly params: z.ZodObject;
  readonly query: z.ZodObject;
  /** Null where no body is read. */
  readonly body: z.ZodType | null;
  /** The body as it is documented, by media type, where it has others than JSON or is judged by more than a schema. */
  readonly content?: Readonly<Record<string, z.ZodType>>;
  /** How large the body may be; 64 KiB by default. */
  readonly maxBodyBytes?: number;
  /** Fields of the body whose numbers reach the verb as they were written, though a double cannot hold them. */
  readonly numbersAsWritten?: readonly string[];
  readonly success: Success;
  /** The problems of its own, besides those of `problemsOf`. */
  readonly problems: readonly ProblemCode[];
};

/** Joins a route and the rest of its operation. */
export const define = <const Id extends OperationName, const Rest extends Omit<Operation, keyof Route | "id">>(
  id: Id,
  rest: Rest,
): { readonly id: Id } & (typeof routes)[Id] & Rest => ({ id, ...routes[id], ...rest });

/** Every POST may carry it: the same key and request get the same response. */
export const idempotencyHeader = "idempotency-key";

export const none = z.strictObject({});

/** Every problem an operation can answer with: its own, and those that follow from what it reads. */
export const problemsOf = (operation: Operation): ProblemCode[] => [
  ...new Set<ProblemCode>([
    "invalid-request",
    ...(operation.body === null ? [] : (["invalid-json", "body-too-large"] as const)),
    ...(operation.permission === null ? [] : (["unauthenticated", "forbidden", "daily-requests-used-up"] as const)),
    ...operation.problems,
    ...(operation.success.rows === undefined ? [] : (["not-acceptable"] as const)),
    ...(operation.method === "POST" ? (["idempotency-in-flight", "idempotency-key-reused"] as const) : []),
    ...(isQuotaBound(operation) ? (["quota-exceeded"] as const) : []),
    "too-many-requests",
    "internal-error",
    "unavailable",
  ]),
];
