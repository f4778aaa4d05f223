import { type ProblemBody, problemType } from "@tenantry/contract/schemas/problem";
import { permissionsIn } from "@tenantry/core/access/permission-claim";
import type { Context } from "@tenantry/core/context";
import type { Subscriber } from "@tenantry/core/progress/ports";
import { Problem, problems } from "@tenantry/core/problem";
import type { APIGatewayProxyResultV2 } from "aws-lambda";
import type { z } from "zod";
import { faultsOf, jsonPointer } from "./http-faults.ts";
import { asProblem } from "./http-reply.ts";
import { errorFields, log } from "./log.ts";

/** What API Gateway tells of a message, as far as we look at it. */
export type SocketEvent = {
  readonly requestContext: {
    readonly connectionId: string;
    readonly connectedAt: number;
    readonly routeKey: string;
    readonly requestId: string;
    readonly identity?: { readonly sourceIp?: string };
    readonly authorizer?: Readonly<Record<string, unknown>>;
  };
  readonly body?: string | null;
};

export type SocketRequest<T> = { readonly ctx: Context; readonly subscriber: Subscriber; readonly message: T };

/** API Gateway ends a connection after two hours. */
const longestConnectionSeconds = 7200;

const claim = ({ requestContext }: SocketEvent, name: string): string => {
  const value = requestContext.authorizer?.[name];
  return typeof value === "string" ? value : "";
};

/** Who sent a message, by what the authorizer said at the handshake. */
export const senderOf = (event: SocketEvent): Omit<SocketRequest<never>, "message"> => {
  const { connectionId, connectedAt, requestId, identity } = event.requestContext;
  const connectionEnd = Math.ceil(connectedAt / 1000) + longestConnectionSeconds;
  const id = claim(event, "sub");
  if (id === "") throw new Problem("unauthenticated", "The handshake named nobody.");
  return {
    ctx: {
      actor: {
        id,
        email: claim(event, "email") || undefined,
        orgId: claim(event, "org_id"),
        permissions: permissionsIn(claim(event, "permissions")),
      },
      requestId,
      sourceIp: identity?.sourceIp,
    },
    subscriber: { connectionId, expiresAt: Math.min(connectionEnd, Number(claim(event, "exp") || 0)) },
  };
};

const parse = <S extends z.ZodType>(schema: S, body: string | null | undefined): z.output<S> => {
  let value: unknown;
  try {
    value = JSON.parse(body ?? "");
  } catch (cause) {
    throw new Problem("invalid-json", "The message is not JSON.", { cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = faultsOf(result.error, value, jsonPointer);
  throw new Problem("invalid-request", "The message is not valid.", { errors });
};

/** A problem as a message. */
const problemMessage = ({ code, status, detail, errors }: Problem, requestId: string): ProblemBody & object => ({
  type: problemType(code),
  title: problems[code].title,
  status,
  detail,
  request_id: requestId,
  ...(errors.length === 0 ? {} : { errors: [...errors] }),
});

/**
 * A Lambda handler behind a route of the WebSocket API. What `handle` returns is posted to the connection, as is a
 * problem; anything else that is thrown is logged and posted as a problem that says nothing.
 */
export const websocket =
  <S extends z.ZodType>(
    schema: S,
    handle: (request: SocketRequest<z.output<S>>) => Promise<object>,
    post: (connectionId: string, message: object) => Promise<unknown>,
  ) =>
  async (event: SocketEvent): Promise<APIGatewayProxyResultV2> => {
    const { connectionId, routeKey, requestId } = event.requestContext;
    const about = { request_id: requestId, route: routeKey, connection: connectionId, actor: claim(event, "sub") };
    const answer = async (): Promise<object> => handle({ ...senderOf(event), message: parse(schema, event.body) });
    const message = await answer().catch((error: unknown) => {
      const problem = asProblem(error);
      log(problem.status >= 500 ? "error" : "info", "refused", {
        ...about,
        status: problem.status,
        ...(problem.status >= 500 ? errorFields(error) : { problem: problem.message }),
      });
      return problemMessage(problem, requestId);
    });
    await post(connectionId, message);
    log("info", "message", about);
    return { statusCode: 200 };
  };
