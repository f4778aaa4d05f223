import { AwsError, type AwsRequest, type AwsResponse, notImplemented, type Service } from "../gateway/service.ts";
import { xml } from "./xml.ts";

/** Nested input of a Query request: `Tags.member.1.Key=a` becomes `{ Tags: [{ Key: "a" }] }`; every leaf is a string. */
// oxlint-disable-next-line typescript/no-explicit-any -- each action narrows its own input
export type QueryInput = Record<string, any>;

/** One action of a Query service. The result's fields become XML elements; an array becomes `<member>` elements. */
export type QueryAction = (input: QueryInput, request: AwsRequest) => Promise<unknown> | unknown;

/** Reads the form of a Query request (body of a POST, query string of a GET). */
export const queryForm = (request: AwsRequest): URLSearchParams => {
  const form = new URLSearchParams(request.method === "POST" ? request.body.toString("utf8") : "");
  for (const [name, value] of request.url.searchParams) if (!form.has(name)) form.append(name, value);
  return form;
};

const isList = (value: Record<string, unknown>): boolean => {
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => /^\d+$/.test(key));
};

const toLists = (value: unknown): unknown => {
  if (typeof value !== "object" || value === null) return value;
  const object = value as Record<string, unknown>;
  const keys = Object.keys(object);
  // `X.member.1` and `X.Tag.1` (a list whose members have a name, as RDS writes them) are both lists of X.
  const only = keys.length === 1 ? object[keys[0] ?? ""] : undefined;
  if (typeof only === "object" && only !== null && isList(only as Record<string, unknown>)) return toLists(only);
  if (isList(object)) {
    return keys.toSorted((a, b) => Number(a) - Number(b)).map((key) => toLists(object[key]));
  }
  return Object.fromEntries(keys.map((key) => [key, toLists(object[key])]));
};

/** Unfolds the dotted names of a Query request's form. */
export const queryInput = (form: URLSearchParams): QueryInput => {
  const root: QueryInput = Object.create(null);
  for (const [name, value] of form) {
    if (name === "Action" || name === "Version" || name.startsWith("X-Amz-")) continue;
    const path = name.split(".");
    let node = root;
    for (const part of path.slice(0, -1)) {
      const next: unknown = node[part];
      node = typeof next === "object" && next !== null ? next : (node[part] = Object.create(null));
    }
    node[path.at(-1) ?? name] = value;
  }
  return Object.fromEntries(Object.keys(root).map((key) => [key, toLists(root[key])]));
};

/** An error as the Query protocol writes it. */
export const queryError = (error: unknown, id: string): AwsResponse => {
  const known = error instanceof AwsError ? error : new AwsError("InternalFailure", String(error), 500);
  const type = known.status < 500 ? "Sender" : "Receiver";
  const body = { Error: { Type: type, Code: known.code, Message: known.message, ...known.fields }, RequestId: id };
  return { status: known.status, headers: { "content-type": "text/xml" }, body: xml("ErrorResponse", body) };
};

/**
 * A service of the AWS Query protocol (STS, RDS): the action stands in the form, the answer is XML:
 * `<ActionResponse><ActionResult>…</ActionResult><ResponseMetadata>…`.
 */
export const queryService = (options: {
  name: string;
  namespace: string;
  actions: Readonly<Record<string, QueryAction>>;
}): Service => {
  const action = (request: AwsRequest): string | null => queryForm(request).get("Action");
  return {
    name: options.name,
    action,
    async handle(request) {
      try {
        const form = queryForm(request);
        const name = form.get("Action");
        const run = name === null || !Object.hasOwn(options.actions, name) ? undefined : options.actions[name];
        if (!run) throw notImplemented(options.name, name);
        const result = (await run(queryInput(form), request)) ?? {};
        const body = { [`${name}Result`]: result, ResponseMetadata: { RequestId: request.id } };
        const text = xml(`${name}Response`, body, options.namespace);
        return { status: 200, headers: { "content-type": "text/xml" }, body: text };
      } catch (error) {
        return queryError(error, request.id);
      }
    },
  };
};
