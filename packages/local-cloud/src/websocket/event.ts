import { randomUUID } from "node:crypto";
import { logTime } from "../api/event.ts";
import type { ApiRequest } from "../api/request.ts";
import type { Host } from "../part.ts";
import type { Connection } from "./connections.ts";
import type { SocketApi } from "./model.ts";

/** What an authorizer's policy is asked about, and IAM where a route is called. */
export const routeArn = (host: Pick<Host, "region" | "account">, api: SocketApi, key: string): string =>
  `arn:aws:execute-api:${host.region}:${host.account}:${api.id}/${api.stage}/${key}`;

const contextOf = (api: SocketApi, connection: Connection, routeKey: string, eventType: string) => {
  const at = new Date();
  const { request } = connection;
  return {
    routeKey,
    eventType,
    messageDirection: "IN",
    stage: api.stage,
    connectedAt: connection.connectedAt,
    connectionId: connection.id,
    requestTime: logTime(at),
    requestTimeEpoch: at.getTime(),
    requestId: randomUUID(),
    extendedRequestId: request.extendedId,
    domainName: request.lowHeaders["host"] ?? "",
    apiId: api.id,
    identity: { sourceIp: request.sourceIp, userAgent: request.lowHeaders["user-agent"] ?? null },
    ...(connection.authorizer ? { authorizer: connection.authorizer } : {}),
  };
};

const headersOf = (request: ApiRequest) => ({
  headers: request.headers,
  multiValueHeaders: request.multiHeaders,
  ...(request.query
    ? { queryStringParameters: request.query, multiValueQueryStringParameters: request.multiQuery }
    : {}),
});

export const connectEvent = (api: SocketApi, connection: Connection) => ({
  ...headersOf(connection.request),
  ...(api.stageVariables ? { stageVariables: api.stageVariables } : {}),
  requestContext: contextOf(api, connection, "$connect", "CONNECT"),
  isBase64Encoded: false,
});

export const authorizerEvent = (host: Host, api: SocketApi, connection: Connection) => ({
  type: "REQUEST",
  methodArn: routeArn(host, api, "$connect"),
  ...headersOf(connection.request),
  ...(api.stageVariables ? { stageVariables: api.stageVariables } : {}),
  requestContext: contextOf(api, connection, "$connect", "CONNECT"),
});

export const messageEvent = (api: SocketApi, connection: Connection, routeKey: string, body: string) => ({
  ...(api.stageVariables ? { stageVariables: api.stageVariables } : {}),
  requestContext: { ...contextOf(api, connection, routeKey, "MESSAGE"), messageId: `${randomUUID().slice(0, 15)}=` },
  body,
  isBase64Encoded: false,
});

export const disconnectEvent = (
  api: SocketApi,
  connection: Connection,
  { code, reason }: { code: number; reason: string },
) => ({
  headers: {
    Host: connection.request.lowHeaders["host"] ?? "",
    "x-api-key": "",
    "X-Forwarded-For": "",
    "x-restapi": "",
  },
  multiValueHeaders: {},
  ...(api.stageVariables ? { stageVariables: api.stageVariables } : {}),
  requestContext: {
    ...contextOf(api, connection, "$disconnect", "DISCONNECT"),
    disconnectStatusCode: code,
    disconnectReason: reason,
  },
  isBase64Encoded: false,
});
