import compose, { type MiddlewareObj } from "@middy/core";
import type { Operation } from "@tenantry/contract/define";
import { isQuotaBound } from "@tenantry/contract/quota-bound";
import type { Method } from "@tenantry/contract/routes";
import type { Needed } from "@tenantry/core/access/decide";
import type { Context } from "@tenantry/core/context";
import { callerOf, type Idempotency, type KeyedRequest } from "@tenantry/core/idempotency";
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";
import type { z } from "zod";
import { anonymous, contextOf, mediaTypeOf, parseRequest } from "./http-request.ts";
import { asTable, negotiated } from "./http-rows.ts";
import { asProblem, commonHeaders, problemReply, rootOf } from "./http-reply.ts";
import { errorFields, log } from "./log.ts";

export type HttpRequest<O extends Operation> = {
  readonly ctx: Context;
  readonly params: z.output<O["params"]>;
  readonly query: z.output<O["query"]>;
  /** The body's media type in lower case, without parameters. */
  readonly mediaType: string;
  /** The request's `Idempotency-Key`, where the operation honours one. */
  readonly key: string | undefined;
  /** The same with who sent it for what, for what is made once. */
  readonly keyed: KeyedRequest | undefined;
  readonly body: O["body"] extends z.ZodType ? z.output<O["body"]> : undefined;
  /** Goes before a path to lead back to this API. */
  readonly root: string;
};

export type HttpReply<O extends Operation> = {
  readonly body: z.input<O["success"]["body"]>;
  /** By their names in lower case. They go over the headers of every response. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Until when a repeated request may get this reply, an instant; if not given, for as long as its key is known. */
  readonly until?: string;
  /** Whose request it was, for the log, where the path does not say. */
  readonly tenantId?: string;
};

type Handle<O extends Operation> = (request: HttpRequest<O>) => Promise<HttpReply<O>> | HttpReply<O>;

/** @throws Problem `quota-exceeded` */
type Admit = (ctx: Context) => Promise<void>;

type Reading = Operation & { readonly method: Exclude<Method, "POST"> };
/** Never one that is open to everybody: nobody in particular would share their keys, and their answers, with all. */
type Posting = Operation & { readonly method: "POST"; readonly permission: NonNullable<Needed> };

/**
 * A Lambda handler behind API Gateway REST for one operation of the contract. Request and response go through the
 * operation's schemas; a thrown Problem is answered as such and anything else as a 500 that says nothing.
 */
export const http = <const O extends Reading>(operation: O, handle: Handle<O>, admit?: Admit) =>
  edge(operation, handle, undefined, admit);

/** The same for a POST: a repeated request that bears the same `Idempotency-Key` gets the first one's response. */
export const httpPost = <const O extends Posting>(
  operation: O,
  handle: Handle<O>,
  idempotency: Idempotency,
  admit?: Admit,
) => edge(operation, handle, idempotency, admit);

const edge = <O extends Operation>(operation: O, handle: Handle<O>, idempotency?: Idempotency, admit?: Admit) => {
  const gate = gateOf(operation, admit);
  const tenants = new WeakMap<APIGatewayProxyEvent, string>();
  return compose<APIGatewayProxyEvent, APIGatewayProxyResult>()
    .use(requestLog(operation, tenants))
    .use({
      onError: (request) => {
        request.response = problemReply(asProblem(request.error), request.event.requestContext.requestId);
      },
    })
    .use(gate)
    .handler(async (event: APIGatewayProxyEvent, context): Promise<APIGatewayProxyResult> => {
      const ctx = operation.permission === null ? anonymous(event) : contextOf(event);
      const type = negotiated(operation, event);
      const { key, ...parsed } = parseRequest(operation, event, idempotency !== undefined);
      const keyed: KeyedRequest | undefined =
        key === undefined ? undefined : { caller: callerOf(ctx), operation: operation.id, key, payload: parsed };
      const answer = async () => {
        const request = { ...parsed, key, keyed, mediaType: mediaTypeOf(event), ctx, root: rootOf(event) };
        const reply = await handle(request as HttpRequest<O>);
        if (reply.tenantId !== undefined) tenants.set(event, reply.tenantId);
        return { result: render(operation, reply, event, type), until: reply.until };
      };
      if (idempotency === undefined || keyed === undefined) return (await answer()).result;
      const remainingMilliseconds = context.getRemainingTimeInMillis();
      return idempotency({ ...keyed, remainingMilliseconds }, answer);
    });
};

type Rendered = { readonly statusCode: number; readonly headers: Record<string, string>; readonly body: string };

const render = <O extends Operation>(
  operation: O,
  reply: HttpReply<O>,
  event: APIGatewayProxyEvent,
  type: string,
): Rendered => {
  const { status, contentType, body: schema } = operation.success;
  const result = schema.safeParse(reply.body);
  if (!result.success) throw new Error(`The response of ${operation.id} breaks its contract.`, { cause: result.error });
  const common = {
    ...commonHeaders(event.requestContext.requestId),
    ...(operation.success.rows === undefined ? {} : { vary: "accept" }),
  };
  const table = asTable(type, operation, result.data, event);
  if (table !== null)
    return { statusCode: status, headers: { ...common, ...table.headers, ...reply.headers }, body: table.body };
  return {
    statusCode: status,
    headers: { ...common, "content-type": contentType, ...reply.headers },
    body: contentType === "application/json" ? JSON.stringify(result.data) : String(result.data),
  };
};

/**
 * The first to look at a request: refuses it when a hard quota of the caller's tenant is reached.
 *
 * @throws Error where a function that must ask does not: it would let in what the contract says is refused
 */
const gateOf = (
  operation: Operation,
  admit: Admit | undefined,
): MiddlewareObj<APIGatewayProxyEvent, APIGatewayProxyResult>[] => {
  if (!isQuotaBound(operation)) return [];
  if (admit === undefined) throw new Error(`${operation.id} is refused by quotas, and does not ask for them.`);
  return [{ before: async ({ event }) => admit(contextOf(event)) }];
};

/** One line for each request, and the cause of a problem where there is one. */
const requestLog = (
  operation: Operation,
  tenants: WeakMap<APIGatewayProxyEvent, string>,
): MiddlewareObj<APIGatewayProxyEvent, APIGatewayProxyResult> => {
  const started = new WeakMap<APIGatewayProxyEvent, number>();
  const write = (event: APIGatewayProxyEvent, response: APIGatewayProxyResult | null | undefined, error?: unknown) => {
    const status = response?.statusCode ?? 500;
    const cause = status >= 500 ? error : undefined;
    log(status >= 500 ? "error" : "info", "request", {
      request_id: event.requestContext.requestId,
      operation: operation.id,
      tenant_id: event.pathParameters?.["tenant_id"] ?? tenants.get(event),
      actor: event.requestContext.authorizer?.["sub"] as unknown,
      status,
      duration_ms: Math.round(performance.now() - (started.get(event) ?? performance.now())),
      ...(error instanceof Error && status < 500 ? { problem: error.message } : {}),
      ...(cause === undefined ? {} : errorFields(cause)),
    });
  };
  return {
    before: ({ event }) => void started.set(event, performance.now()),
    after: ({ event, response }) => write(event, response),
    onError: ({ event, response, error }) => write(event, response, error),
  };
};
