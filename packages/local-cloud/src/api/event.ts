import type { Host } from "../part.ts";
import type { Api, Resource } from "./model.ts";
import type { ApiRequest } from "./request.ts";
import type { Variables } from "./responses.ts";

/** A request whose resource is known. */
export type Routed = {
  readonly api: Api;
  readonly request: ApiRequest;
  readonly resource: Resource;
  readonly params: Readonly<Record<string, string>>;
  /** The key that the request was counted under. */
  readonly apiKey?: { readonly id: string; readonly value: string };
};

/** Where a method asks for a key, events and `$context` name it. */
const withKey = <C extends { readonly identity: object }>(context: C, apiKey: Routed["apiKey"]): C =>
  apiKey === undefined
    ? context
    : { ...context, identity: { ...context.identity, apiKey: apiKey.value, apiKeyId: apiKey.id } };

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `20/Nov/2026:13:45:12 +0000`. */
export const logTime = (at: Date): string => {
  const iso = at.toISOString();
  return `${iso.slice(8, 10)}/${months[at.getUTCMonth()]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
};

/** What an authorizer's policy is asked about. Percent-encoding stays, so that a value cannot pose as more segments. */
export const methodArn = (host: Pick<Host, "region" | "account">, { api, request }: Routed): string =>
  `arn:aws:execute-api:${host.region}:${host.account}:${api.id}/${api.stage}/${request.method}/${request.path.replace(/^\//, "")}`;

/** What `$context` and an event's `requestContext` have in common, with or without a resource. */
export const requestContext = (host: Pick<Host, "account">, request: ApiRequest, api: Api | null) => ({
  path: request.path,
  accountId: host.account,
  requestId: request.id,
  extendedRequestId: request.extendedId,
  requestTime: logTime(request.at),
  requestTimeEpoch: request.at.getTime(),
  protocol: request.protocol,
  httpMethod: request.method,
  stage: api?.stage ?? "",
  apiId: api?.id ?? "",
  deploymentId: api?.deployment ?? "",
  domainName: request.lowHeaders["host"] ?? "",
  domainPrefix: (request.lowHeaders["host"] ?? "").split(/[.:]/)[0] ?? "",
  identity: {
    cognitoIdentityPoolId: null,
    accountId: null,
    cognitoIdentityId: null,
    caller: null,
    sourceIp: request.sourceIp,
    principalOrgId: null,
    accessKey: null,
    cognitoAuthenticationType: null,
    cognitoAuthenticationProvider: null,
    userArn: null,
    userAgent: request.lowHeaders["user-agent"] ?? null,
    user: null,
  },
});

/** The part of the event that a REQUEST authorizer and a proxy integration are both given. */
export const requestEvent = (
  host: Pick<Host, "account">,
  routed: Routed,
  authorizer?: Readonly<Record<string, unknown>>,
) => {
  const { api, request, resource, params } = routed;
  return {
    resource: resource.path,
    path: request.path,
    httpMethod: request.method,
    headers: request.headers,
    multiValueHeaders: request.multiHeaders,
    queryStringParameters: request.query,
    multiValueQueryStringParameters: request.multiQuery,
    pathParameters: Object.keys(params).length === 0 ? null : params,
    stageVariables: api.stageVariables,
    requestContext: {
      resourceId: resource.id,
      resourcePath: resource.path,
      ...withKey(requestContext(host, request, api), routed.apiKey),
      ...(authorizer ? { authorizer } : {}),
    },
  };
};

/** What gateway responses can refer to. */
export const variablesOf = (
  host: Pick<Host, "account">,
  request: ApiRequest,
  api: Api | null,
  routed?: Routed,
  authorizer?: Readonly<Record<string, unknown>>,
): Variables => ({
  context: {
    ...withKey(requestContext(host, request, api), routed?.apiKey),
    ...(routed ? { resourcePath: routed.resource.path, resourceId: routed.resource.id } : {}),
    ...(authorizer ? { authorizer } : {}),
  },
  headers: request.lowHeaders,
  query: request.query ?? {},
  path: routed?.params ?? {},
});
