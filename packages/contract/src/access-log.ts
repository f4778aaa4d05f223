import type { AnsweredRequest } from "@tenantry/core/audit/denials";

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
    "$context.requestId $context.requestTimeEpoch $context.status $context.httpMethod $context.resourcePath $context.authorizer.sub $context.authorizer.org_id $context.identity.sourceIp $context.authorizer.on_behalf_of $context.authorizer.impersonation",
};

export const accessLogFormat = JSON.stringify(fields);

/** Anchored at the line's end, and without a quote in it: nothing that a client sends can come after or be part of it. */
const meter =
  /"meter":"([\w-]+) (\d+) (\d{3}) ([A-Z]+) ([^\s"]+) ([^\s"]+) (\w+|-|) ([\w.:-]+) ([\w-]*) (\w+|-|)"\}\s*$/;

/** What the client wrote, up to where it ends for whoever believes it. */
const agent = /^\{"requestTime":"[^"]*","requestId":"[^"]*","ip":"[^"]*","userAgent":"(.*?)","httpMethod":"/;
const longestAgent = 200;

const known = (value: string): string => (value === "-" ? "" : value);

/** The request of a line; null where nobody was authorised. */
export const readAccessLine = (line: string): Omit<AnsweredRequest, "permission"> | null => {
  const [, requestId = "", at, status, method, path, user = "", org = "", ip = "", behalf = "", by = ""] =
    meter.exec(line) ?? [];
  return at === undefined || user === "-"
    ? null
    : {
        requestId,
        at: Number(at),
        status: Number(status),
        route: `${method} ${path}`,
        user,
        orgId: known(org),
        sourceIp: known(ip),
        userAgent: known(agent.exec(line)?.[1] ?? "").slice(0, longestAgent),
        ...(known(by) === "" ? {} : { onBehalfOf: { user_id: known(behalf), impersonation_id: by } }),
      };
};
