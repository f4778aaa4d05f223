import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from "aws-lambda";
import { type Bearer, bearerToken, contextOf, decisionOn, originOf, reasonOf, type Verify } from "./authorizer.ts";
import { log } from "./log.ts";

/**
 * The token of a handshake: its `Authorization` header or, as browsers cannot set one, the query parameter
 * `access_token`; both at once are refused.
 */
export const handshakeToken = (
  event: Pick<APIGatewayRequestAuthorizerEvent, "multiValueHeaders" | "multiValueQueryStringParameters">,
): string => {
  const inQuery = event.multiValueQueryStringParameters?.["access_token"] ?? [];
  const inHeaders = Object.entries(event.multiValueHeaders ?? {}).flatMap(([name, values]) =>
    name.toLowerCase() === "authorization" ? (values ?? []) : [],
  );
  return bearerToken({ Authorization: [...inHeaders, ...inQuery.map((token) => `Bearer ${token}`)] });
};

/**
 * The REQUEST authorizer of the WebSocket API's `$connect`: the same tokens as for the API, with `operations:read`. When
 * the token expires goes along, so that nobody is told anything after.
 */
export const websocketAuthorizer =
  (verify: Verify<Bearer & { readonly exp: number }>) =>
  async (event: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> => {
    const about = { request_id: event.requestContext.requestId, route: "$connect" };
    const authenticate = async () => verify(handshakeToken(event), originOf(event.requestContext.identity));
    const bearer = await authenticate().catch((error: unknown) => {
      const ours = error instanceof Error && error.name === "KeysUnavailable";
      log(ours ? "error" : "info", "refused", { ...about, status: ours ? 500 : 401, reason: reasonOf(error) });
      if (ours) throw error;
      throw new Error("Unauthorized");
    });
    // A connection outlives an impersonation that is ended.
    const decision =
      bearer.impersonation === undefined
        ? decisionOn(bearer, { permission: "operations:read" })
        : ({ allow: false, reason: "nobody watches on behalf of another" } as const);
    if (!decision.allow) log("info", "refused", { ...about, status: 403, actor: bearer.sub, reason: decision.reason });
    return {
      principalId: bearer.sub,
      policyDocument: {
        Version: "2012-10-17",
        Statement: [
          { Action: "execute-api:Invoke", Effect: decision.allow ? "Allow" : "Deny", Resource: event.methodArn },
        ],
      },
      context: { ...contextOf(bearer), exp: String(bearer.exp) },
    };
  };
