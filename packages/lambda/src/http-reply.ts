import { type ProblemBody, problemContentType, problemType } from "@tenantry/contract/schemas/problem";
import { Problem, type ProblemCode, problems } from "@tenantry/core/problem";
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from "aws-lambda";

/** Headers of every response. An operation's own go over them. */
export const commonHeaders = (requestId: string): Record<string, string> => ({
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "strict-transport-security": "max-age=63072000; includeSubDomains",
  "x-content-type-options": "nosniff",
  "x-request-id": requestId,
});

/** Any error as a problem: one that we did not throw ourselves is ours to fix and says nothing about itself. */
export const asProblem = (error: unknown): Problem =>
  error instanceof Problem
    ? error
    : new Problem("internal-error", "This is our fault. Quote the request_id when you tell us.", { cause: error });

/** Where the status alone does not say it. */
const extraHeadersOf: Partial<Record<ProblemCode, Record<string, string>>> = {
  "idempotency-in-flight": { "retry-after": "1" },
};

const extraHeaders: Record<number, Record<string, string>> = {
  401: { "www-authenticate": "Bearer" },
  429: { "retry-after": "1" },
  503: { "retry-after": "1" },
};

const retryAfter = (resetsAt: string | undefined): Record<string, string> =>
  resetsAt === undefined
    ? {}
    : { "retry-after": String(Math.max(1, Math.ceil((Date.parse(resetsAt) - Date.now()) / 1000))) };

export const problemReply = (problem: Problem, requestId: string): APIGatewayProxyResult => {
  const body: ProblemBody = {
    type: problemType(problem.code),
    title: problems[problem.code].title,
    status: problem.status,
    detail: problem.detail,
    request_id: requestId,
    ...(problem.resetsAt === undefined ? {} : { resets_at: problem.resetsAt }),
    ...(problem.errors.length === 0 ? {} : { errors: [...problem.errors] }),
  };
  return {
    statusCode: problem.status,
    headers: {
      ...commonHeaders(requestId),
      ...extraHeaders[problem.status],
      ...extraHeadersOf[problem.code],
      ...retryAfter(problem.resetsAt),
      "content-type": problemContentType,
    },
    body: JSON.stringify(body),
  };
};

/**
 * What stands before the operation's own path: empty, or the stage on API Gateway's default address. A header such as
 * `location` needs it to lead back here.
 */
export const rootOf = (event: APIGatewayProxyEvent): string => {
  const parts = event.requestContext.path.split("/");
  return parts.slice(0, parts.length - (event.resource.split("/").length - 1)).join("/");
};
