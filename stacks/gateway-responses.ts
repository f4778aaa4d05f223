import { type ProblemCode, problems } from "@tenantry/core/problem";

/** API Gateway's own answers, each with the problem it stands for. https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html */
const answers: Record<string, ProblemCode> = {
  MISSING_AUTHENTICATION_TOKEN: "not-found", // what it says to an unknown path or method
  RESOURCE_NOT_FOUND: "not-found",
  UNAUTHORIZED: "unauthenticated",
  INVALID_SIGNATURE: "unauthenticated",
  EXPIRED_TOKEN: "unauthenticated",
  ACCESS_DENIED: "forbidden",
  WAF_FILTERED: "forbidden",
  INVALID_API_KEY: "forbidden",
  BAD_REQUEST_BODY: "invalid-request",
  BAD_REQUEST_PARAMETERS: "invalid-request",
  REQUEST_TOO_LARGE: "body-too-large",
  THROTTLED: "too-many-requests",
  QUOTA_EXCEEDED: "daily-requests-used-up",
  AUTHORIZER_FAILURE: "internal-error",
  AUTHORIZER_CONFIGURATION_ERROR: "internal-error",
  API_CONFIGURATION_ERROR: "internal-error",
  INTEGRATION_FAILURE: "unavailable",
  INTEGRATION_TIMEOUT: "unavailable",
  DEFAULT_4XX: "invalid-request",
  DEFAULT_5XX: "internal-error",
};

/**
 * Seconds after which it is worth trying again. A bucket fills within a second; a day's requests come back at midnight
 * UTC, which a gateway response cannot count down to, so that it says when to look again at the latest.
 */
const retryAfter: Partial<Record<ProblemCode, string>> = {
  "too-many-requests": "1",
  "daily-requests-used-up": "3600",
  unavailable: "1",
};

/** Every answer of the gateway's own as a problem (RFC 9457). */
export const gatewayResponses = (restApiId: $util.Input<string>): aws.apigateway.Response[] =>
  Object.entries(answers).map(([responseType, code]) => {
    const { status, title } = problems[code];
    const problem = { type: `/problems/${code}`, title, status, detail: `${title}.`, request_id: "$context.requestId" };
    return new aws.apigateway.Response(`Api${responseType}`, {
      restApiId,
      responseType,
      statusCode: String(status),
      responseTemplates: { "application/json": JSON.stringify(problem) },
      responseParameters: {
        "gatewayresponse.header.Content-Type": "'application/problem+json'",
        "gatewayresponse.header.Cache-Control": "'no-store'",
        "gatewayresponse.header.x-request-id": "context.requestId",
        ...(retryAfter[code] ? { "gatewayresponse.header.Retry-After": `'${retryAfter[code]}'` } : {}),
        ...(status === 401 ? { "gatewayresponse.header.WWW-Authenticate": "'Bearer'" } : {}),
      },
    });
  });
