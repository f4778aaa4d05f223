import { queryError } from "../protocols/query.ts";
import { restError } from "../protocols/rest.ts";
import { xml } from "../protocols/xml.ts";
import { AwsError, type AwsRequest, type AwsResponse } from "./service.ts";

export type Protocol = "json" | "query" | "rest" | "s3";

/** How the answer to a request has to be written. */
export const protocolOf = (request: Pick<AwsRequest, "service" | "headers">): Protocol => {
  if (request.headers["x-amz-target"] !== undefined) return "json";
  if (request.service === "s3") return "s3";
  const form = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded");
  return form || request.service === "sts" || request.service === "iam" || request.service === "rds" ? "query" : "rest";
};

/** Refusals that every protocol words and numbers in its own way. */
const refusals: Readonly<Record<string, Readonly<Record<Protocol, readonly [code: string, status: number]>>>> = {
  missing: {
    json: ["MissingAuthenticationTokenException", 400],
    query: ["MissingAuthenticationToken", 403],
    rest: ["MissingAuthenticationTokenException", 403],
    s3: ["AccessDenied", 403],
  },
  malformed: {
    json: ["IncompleteSignatureException", 400],
    query: ["IncompleteSignature", 400],
    rest: ["IncompleteSignatureException", 403],
    s3: ["AuthorizationHeaderMalformed", 400],
  },
  unknownKey: {
    json: ["UnrecognizedClientException", 400],
    query: ["InvalidClientTokenId", 403],
    rest: ["UnrecognizedClientException", 403],
    s3: ["InvalidAccessKeyId", 403],
  },
  expiredToken: {
    json: ["ExpiredTokenException", 400],
    query: ["ExpiredToken", 403],
    rest: ["ExpiredTokenException", 403],
    s3: ["ExpiredToken", 400],
  },
  skewed: {
    json: ["InvalidSignatureException", 400],
    query: ["SignatureDoesNotMatch", 403],
    rest: ["InvalidSignatureException", 403],
    s3: ["RequestTimeTooSkewed", 403],
  },
  expiredUrl: {
    json: ["InvalidSignatureException", 400],
    query: ["SignatureDoesNotMatch", 403],
    rest: ["InvalidSignatureException", 403],
    s3: ["AccessDenied", 403],
  },
  signature: {
    json: ["InvalidSignatureException", 400],
    query: ["SignatureDoesNotMatch", 403],
    rest: ["InvalidSignatureException", 403],
    s3: ["SignatureDoesNotMatch", 403],
  },
  denied: {
    json: ["AccessDeniedException", 400],
    query: ["AccessDenied", 403],
    rest: ["AccessDeniedException", 403],
    s3: ["AccessDenied", 403],
  },
  throttled: {
    json: ["ThrottlingException", 400],
    query: ["Throttling", 400],
    rest: ["ThrottlingException", 429],
    s3: ["SlowDown", 503],
  },
};

export type Refusal = keyof typeof refusals;

/** The error that a refusal is in a request's protocol. */
export const refuse = (
  request: Pick<AwsRequest, "service" | "headers">,
  refusal: Refusal,
  message: string,
): AwsError => {
  const [code, status] = refusals[refusal]?.[protocolOf(request)] ?? ["AccessDenied", 403];
  return new AwsError(code, message, status);
};

/** Writes an error in the protocol that the request speaks. */
export const errorResponse = (request: AwsRequest, error: unknown): AwsResponse => {
  const known = error instanceof AwsError ? error : new AwsError("InternalFailure", String(error), 500);
  switch (protocolOf(request)) {
    case "json":
      return {
        status: known.status,
        headers: {
          "content-type": request.headers["content-type"]?.startsWith("application/x-amz-json")
            ? request.headers["content-type"]
            : "application/x-amz-json-1.1",
        },
        body: JSON.stringify({ __type: known.code, message: known.message, ...known.fields }),
      };
    case "query":
      return queryError(known, request.id);
    case "rest":
      return restError(known);
    default: {
      const body = { Code: known.code, Message: known.message, ...known.fields, RequestId: request.id };
      return { status: known.status, headers: { "content-type": "application/xml" }, body: xml("Error", body) };
    }
  }
};
