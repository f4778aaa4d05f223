import type { Operation } from "@tenantry/contract/define";
import { permissionsIn } from "@tenantry/core/access/permission-claim";
import type { Context } from "@tenantry/core/context";
import { type FieldError, Problem } from "@tenantry/core/problem";
import type { APIGatewayProxyEvent } from "aws-lambda";
import type { z } from "zod";
import { idempotencyHeader } from "@tenantry/contract/define";
import { faultsOf, jsonPointer, parameter, type Pointer } from "./http-faults.ts";

/** How large a body may be unless its operation says otherwise. */
export const maxBodyBytes = 64 * 1024;

/** Where the event has it, else the empty string: an authorizer's context holds strings only. */
const claim = (event: APIGatewayProxyEvent, name: string): string => {
  const value: unknown = event.requestContext.authorizer?.[name];
  return typeof value === "string" ? value : "";
};

/** @throws Problem `unauthenticated` when the authorizer named nobody. */
export const contextOf = (event: APIGatewayProxyEvent): Context => {
  const id = claim(event, "sub");
  if (id === "") throw new Problem("unauthenticated", "Send an access token: Authorization: Bearer <token>.");
  return {
    actor: {
      id,
      email: claim(event, "email") || undefined,
      orgId: claim(event, "org_id"),
      permissions: permissionsIn(claim(event, "permissions")),
      sessionId: claim(event, "sid") || undefined,
      onBehalfOf:
        claim(event, "impersonation") === ""
          ? undefined
          : {
              user_id: claim(event, "on_behalf_of"),
              impersonation_id: claim(event, "impersonation"),
              reason: claim(event, "impersonation_reason"),
              ends_at: claim(event, "impersonation_ends_at"),
            },
    },
    ...origin(event),
  };
};

/** The caller of an operation that is open to everybody. It may do nothing. */
export const anonymous = (event: APIGatewayProxyEvent): Context => ({
  actor: { id: "anonymous", orgId: "", permissions: new Set() },
  ...origin(event),
});

const longestTarget = 300;
const longestAgent = 200;

/** Where a request came from, and what it is on. */
const origin = ({ httpMethod, path, requestContext: { requestId, identity } }: APIGatewayProxyEvent) => ({
  requestId,
  sourceIp: identity.sourceIp,
  userAgent: identity.userAgent?.slice(0, longestAgent),
  target: `${httpMethod} ${path}`.slice(0, longestTarget),
});

/** Params, query and body by the operation's schemas; every fault of all three is told at once. */
export const parseRequest = (operation: Operation, event: APIGatewayProxyEvent, keyed = false) => {
  const errors: FieldError[] = [];
  const read = (schema: z.ZodType, value: unknown, pointer: Pointer): unknown => {
    const result = schema.safeParse(value);
    if (!result.success) errors.push(...faultsOf(result.error, value, pointer));
    return result.data;
  };
  const body = operation.body === null ? undefined : parseJson(operation, event);
  const request = {
    params: read(operation.params, event.pathParameters ?? {}, parameter("path")),
    query: read(operation.query, singleQuery(event, errors), parameter("query")),
    body: operation.body === null ? undefined : read(operation.body, body, jsonPointer),
  };
  const key = keyed ? idempotencyKey(event, errors) : undefined;
  if (errors.length > 0) throw new Problem("invalid-request", summary(errors), { errors });
  return { ...request, key };
};

/** At most 255 visible ASCII characters, as keys of other APIs are. */
const lawfulKey = /^[\x21-\x7e]{1,255}$/;

/** Header names come as the client wrote them. */
const idempotencyKey = (event: APIGatewayProxyEvent, errors: FieldError[]): string | undefined => {
  const sent = Object.entries(event.multiValueHeaders ?? {})
    .filter(([name]) => name.toLowerCase() === idempotencyHeader)
    .flatMap(([, values]) => values ?? []);
  const [key, ...more] = sent;
  if (key === undefined) return undefined;
  const pointer = `header:${idempotencyHeader}`;
  if (more.length > 0) errors.push({ pointer, detail: "is given more than once" });
  else if (!lawfulKey.test(key)) errors.push({ pointer, detail: "must have 1 to 255 visible ASCII characters" });
  return key;
};

const summary = (errors: readonly FieldError[]) =>
  errors.length === 1
    ? `${errors[0]?.pointer || "The body"} ${errors[0]?.detail}.`
    : `${errors.length} things are wrong with the request.`;

/** A parameter that is given twice is refused: who reads the first and who the last would see two requests. */
const singleQuery = (event: APIGatewayProxyEvent, errors: FieldError[]): Record<string, string> => {
  const single: Record<string, string> = {};
  for (const [name, values] of Object.entries(event.multiValueQueryStringParameters ?? {})) {
    const [value, ...more] = values ?? [];
    if (more.length > 0) errors.push({ pointer: `query:${name}`, detail: "is given more than once" });
    if (value !== undefined) Object.defineProperty(single, name, { value, enumerable: true });
  }
  return single;
};

/** The media type of the body in lower case, without parameters; the empty string where there is none. */
export const mediaTypeOf = (event: APIGatewayProxyEvent): string => {
  const [, [value = ""] = []] =
    Object.entries(event.multiValueHeaders ?? {}).find(([name]) => name.toLowerCase() === "content-type") ?? [];
  return value.split(";")[0]?.trim().toLowerCase() ?? "";
};

type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;
/** ECMAScript 2026, which the type library does not know yet. */
const exact = JSON as unknown as {
  parse(text: string, reviver: Reviver): unknown;
  rawJSON(source: string): unknown;
};

const parseJson = (
  { maxBodyBytes: limit = maxBodyBytes, numbersAsWritten }: Operation,
  event: APIGatewayProxyEvent,
) => {
  const bytes = Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8");
  if (bytes.byteLength > limit)
    throw new Problem("body-too-large", `The body has ${bytes.byteLength} bytes; at most ${limit} are read.`);
  if (bytes.byteLength === 0) throw new Problem("invalid-json", "The body is empty.");
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (numbersAsWritten === undefined) return JSON.parse(text) as unknown;
    return exact.parse(text, (key, value, { source }) =>
      typeof value === "number" && source !== undefined && numbersAsWritten.includes(key)
        ? exact.rawJSON(source)
        : value,
    );
  } catch (cause) {
    throw new Problem("invalid-json", "The body is not JSON in UTF-8.", { cause });
  }
};
