import type { IncomingMessage, ServerResponse } from "node:http";
import type { Host } from "../part.ts";
import { logAccess } from "./access-log.ts";
import { type Authorized, createAuthorizers } from "./authorize.ts";
import { type Routed, variablesOf } from "./event.ts";
import { integrate } from "./integrate.ts";
import type { Api, Method } from "./model.ts";
import { type ApiRequest, discardBody, readBody, readHead } from "./request.ts";
import { emptyVariables, GatewayError, renderError, type Reply } from "./responses.ts";
import { matchRoute, segmentsOf } from "./routes.ts";
import type { UsagePlans } from "./usage/plans.ts";

/** Answers one request. Never throws. */
export type Handler = (message: IncomingMessage, response: ServerResponse) => Promise<void>;

const findMethod = (api: Api, request: ApiRequest): { routed: Routed; method: Method } => {
  const segments = segmentsOf(request.path);
  const match = segments ? matchRoute(api.root, segments) : null;
  const method = match?.value.methods.get(request.method) ?? match?.value.methods.get("ANY");
  // What does not exist looks like what one may not see: the same answer for both, as on AWS.
  if (!match || !method) throw new GatewayError("MISSING_AUTHENTICATION_TOKEN");
  return { routed: { api, request, resource: match.value, params: match.params }, method };
};

/** `method.request.querystring.from` and so on, as a request validator checks them. */
const missing = (method: Method, { request, params }: Routed): string[] =>
  method.requiredParameters
    .filter((name) => {
      const [, kind, key = ""] = /^method\.request\.(header|querystring|path)\.(.+)$/.exec(name) ?? [];
      if (kind === "header") return request.lowHeaders[key.toLowerCase()] === undefined;
      return (kind === "path" ? params[key] : request.query?.[key]) === undefined;
    })
    .map((name) => name.split(".").slice(3).join("."));

const send = (response: ServerResponse, reply: Reply): void => {
  const grouped = new Map<string, { name: string; values: string[] }>();
  for (const [name, value] of reply.headers) {
    const known = grouped.get(name.toLowerCase()) ?? { name, values: [] };
    known.values.push(value);
    grouped.set(name.toLowerCase(), known);
  }
  for (const { name, values } of grouped.values())
    response.setHeader(name, values.length === 1 ? (values[0] ?? "") : values);
  const bodiless = reply.status === 204 || reply.status === 304;
  if (!bodiless) response.setHeader("content-length", Buffer.byteLength(reply.body));
  response.statusCode = reply.status;
  response.end(bodiless ? undefined : reply.body);
};

/** A request through API Gateway: route, authorizer, usage plan, validator, integration, and the gateway's own answers. */
export const createHandler = (host: Host, api: Api, usage: UsagePlans): Handler => {
  const authorizers = createAuthorizers(host);

  return async (message, response) => {
    const request = readHead(message);
    response.setHeader("x-amzn-requestid", request.id);
    response.setHeader("x-amz-apigw-id", request.extendedId);
    response.setHeader("x-amzn-trace-id", request.traceId);
    let routed: Routed | undefined;
    let authorized: Authorized | undefined;
    let reply: Reply;
    try {
      const found = findMethod(api, request);
      ({ routed } = found);
      const count = (key: string | undefined): void => {
        const { id, value } = usage.admit(key, { apiId: api.id, stage: api.stage });
        routed = { ...found.routed, apiKey: { id, value } };
      };
      const asks = found.method.apiKeyRequired ? api.apiKeySource : "NONE";
      if (asks === "HEADER") count(request.lowHeaders["x-api-key"]);
      // The body arrives while the authorizer runs; a body that breaks off is handled where it is awaited.
      const body = readBody(message);
      body.catch(() => undefined);
      let named: string | undefined;
      if (found.method.authorizer) {
        const verdict = await authorizers.check(found.method.authorizer, found.routed);
        ({ authorized, usageKey: named } = verdict);
        if (verdict.denied !== null) throw verdict.denied;
      }
      if (asks === "AUTHORIZER") count(named);
      const lacking = missing(found.method, found.routed);
      if (lacking.length > 0) {
        throw new GatewayError("BAD_REQUEST_PARAMETERS", {
          said: `Missing required request parameters: [${lacking.join(", ")}]`,
        });
      }
      reply = await integrate(host, found.method.integration, routed ?? found.routed, await body, authorized);
    } catch (error) {
      const known = error instanceof GatewayError ? error : new GatewayError("DEFAULT_5XX", { status: 500 });
      if (known !== error) host.log(`api: ${request.method} ${request.path}: ${String(error)}`);
      reply = renderError(api.responses, known, variablesOf(host, request, api, routed, authorized));
    }
    const { context } = variablesOf(host, request, api, routed, authorized);
    const responseLatency = Date.now() - request.at.getTime();
    logAccess(host, api, { ...context, status: reply.status, responseLatency });
    if (response.destroyed) return;
    if (!message.complete) discardBody(message);
    try {
      send(response, reply);
    } catch (error) {
      // A header that HTTP does not allow.
      host.log(`api: ${request.method} ${request.path} answered what cannot be sent: ${String(error)}`);
      for (const name of response.getHeaderNames().filter((one) => !one.startsWith("x-am")))
        response.removeHeader(name);
      send(response, renderError(api.responses, new GatewayError("DEFAULT_5XX"), variablesOf(host, request, api)));
    }
  };
};

/** What cannot even be read as a request, such as a head that is too large, in the API's own words. */
export const renderUnreadable = (api: Api | null, status: number, said: string, requestId: string): Reply =>
  renderError(api?.responses ?? new Map(), new GatewayError("DEFAULT_4XX", { status, said }), {
    ...emptyVariables,
    context: { requestId },
  });
