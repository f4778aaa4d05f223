import type { ApiCall } from "@tenantry/core/intake/count-api-calls";

/**
 * A line of the API's access log: JSON for people and queries, and at its end what the meter reads. What a client
 * chooses (path, agent) is not escaped by API Gateway: it stands before that, and cannot pose as it.
 */
const fields = {
  requestTime: "$context.requestTime",
  requestId: "$context.requestId",
  ip: "$context.identity.sourceIp",
  userAgent: "$context.identity.userAgent",
  httpMethod: "$context.httpMethod",
  path: "$context.path",
  resourcePath: "$context.resourcePath",
  status: "$context.status",
  responseLatency: "$context.responseLatency",
  integrationLatency: "$context.integration.latency",
  functionRequestId: "$context.integration.requestId",
  error: "$context.error.responseType",
  principalId: "$context.authorizer.principalId",
  meter:
    "$context.requestId $context.requestTimeEpoch $context.status $context.httpMethod $context.resourcePath $context.authorizer.sub $context.authorizer.org_id",
};

export const accessLogFormat = JSON.stringify(fields);

/** Anchored at the line's end, and without a quote in it: nothing that a client sends can come after or be part of it. */
const meter = /"meter":"([\w-]+) (\d+) (\d{3}) ([A-Z]+) ([^\s"]+) ([^\s"]+) (\w+)"\}\s*$/;

/** The request of a line; null where nobody was authorised. */
export const readAccessLine = (line: string): ApiCall | null => {
  const [, requestId = "", at, status, method, path, user = "", orgId = ""] = meter.exec(line) ?? [];
  return at === undefined || user === "-"
    ? null
    : { requestId, at: Number(at), status: Number(status), route: `${method} ${path}`, user, orgId };
};
