import type { Rejection } from "../usage/event.ts";

/** Why an event is not taken. `retryable`: the same event may be taken later. */
export type Refusal = {
  readonly code: Rejection["reason"] | "unknown-field" | "invalid-cloudevent" | "unavailable";
  readonly detail: string;
  /** Where in the event: a JSON pointer, the empty one for the whole. */
  readonly pointer: string;
};

/** The fields of a usage event, as somebody wrote them: nothing has been checked but that there are no others. */
export type Draft = Readonly<Partial<Record<(typeof fields)[number], unknown>>>;

/** What was sent, read as an event; `pointers` say where in it each field stands. */
export type Read = { readonly draft: Draft; readonly pointers: Readonly<Record<string, string>> };

const fields = ["id", "tenant_id", "metric", "value", "timestamp", "user_id", "dimensions"] as const;
const known: ReadonlySet<string> = new Set(fields);
const ownPointers = Object.fromEntries(fields.map((name) => [name, `/${name}`]));

export const isRefusal = (read: Read | Refusal): read is Refusal => "code" in read;

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** RFC 6901. */
export const pointerTo = (...path: readonly (string | number)[]): string =>
  path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** Which field a reason is about; the others are about the whole event. */
const fieldOf: Partial<Record<Rejection["reason"], (typeof fields)[number]>> = {
  "invalid-tenant": "tenant_id",
  "unknown-tenant": "tenant_id",
  "deleted-tenant": "tenant_id",
  "unknown-metric": "metric",
  "invalid-value": "value",
  "invalid-timestamp": "timestamp",
  "too-late": "timestamp",
  "too-early": "timestamp",
  "invalid-id": "id",
  "invalid-user": "user_id",
  "invalid-dimensions": "dimensions",
  "dimension-limit": "dimensions",
};

export const refusalOf = ({ reason, detail }: Rejection, { pointers }: Read): Refusal => ({
  code: reason,
  detail,
  pointer: pointers[fieldOf[reason] ?? ""] ?? "",
});

/** A plain usage event. Unknown fields are refused: they are slips more often than not. */
export const readEvent = (item: unknown): Read | Refusal => {
  if (!isObject(item)) return { code: "not-an-object", detail: "An event is a JSON object.", pointer: "" };
  const stray = Object.keys(item).find((name) => !known.has(name));
  if (stray !== undefined)
    return { code: "unknown-field", detail: "The field is not known here.", pointer: pointerTo(stray) };
  return { draft: item, pointers: ownPointers };
};
