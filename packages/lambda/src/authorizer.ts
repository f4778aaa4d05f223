import { findRoute } from "@tenantry/contract/routes";
import { type Decision, decide } from "@tenantry/core/access/decide";
import { platformOrg } from "@tenantry/core/access/policy";
import type { APIGatewayAuthorizerResult, APIGatewayRequestAuthorizerEvent } from "aws-lambda";
import { log } from "./log.ts";

export type Bearer = {
  readonly sub: string;
  readonly email: string;
  readonly org_id: string;
  readonly permissions: string;
  /** The session; empty for a key. */
  readonly sid: string;
  /** Of staff who act for a user. */
  readonly impersonation?:
    | { readonly id: string; readonly user_id: string; readonly reason: string; readonly ends_at: string }
    | undefined;
  /** Why the bearer may not do anything now, though who they are is certain. */
  readonly barred?: string;
  /** What the gateway counts the bearer's requests under, if the tenant has a key of its own. */
  readonly usageKey?: string;
};

/** Values of the API keys of those who have none of their own: the platform's staff, and all others. */
export type SharedKeys = { readonly platform: string; readonly others: string };

/** Where a request comes from. */
export type Origin = { readonly sourceIp: string; readonly userAgent: string };

/** @throws Error that says why nobody bears this token; one named `KeysUnavailable` when that is not known. */
export type Verify<B extends Bearer = Bearer> = (token: string, origin: Origin) => Promise<B>;

/** Larger than any token we sign, and far below what would be costly to look at. */
const maxHeaderLength = 8192;

/**
 * The credentials of one `Authorization: Bearer` header. A second header is refused even if it is equal. How a token or a
 * key is written, its verifier checks, and once only: most that come have been seen before.
 *
 * @throws Error that says what is wrong with it.
 */
export const bearerToken = (headers: APIGatewayRequestAuthorizerEvent["multiValueHeaders"]): string => {
  const values: string[] = [];
  for (const name in headers) if (name.toLowerCase() === "authorization") values.push(...(headers[name] ?? []));
  const [value] = values;
  if (value === undefined) throw new Error("There is no Authorization header.");
  if (values.length > 1) throw new Error("There is more than one Authorization header.");
  if (value.length > maxHeaderLength) throw new Error("The Authorization header is too long.");
  const [scheme = ""] = /^bearer +/i.exec(value) ?? [];
  const token = value.slice(scheme.length);
  if (scheme === "" || token === "") throw new Error("The Authorization header holds no bearer token.");
  return token;
};

/**
 * A REQUEST authorizer for API Gateway REST. A bad token is a 401, a missing permission a deny policy, which is a 403;
 * an error of ours is a 500, so it fails closed. The policy names this one method ARN: a cached answer opens nothing else.
 */
export const authorizer =
  (verify: Verify, shared: SharedKeys) =>
  async (event: APIGatewayRequestAuthorizerEvent): Promise<APIGatewayAuthorizerResult> => {
    const about = { request_id: event.requestContext.requestId, route: `${event.httpMethod} ${event.resource}` };
    let bearer: Bearer;
    try {
      bearer = await verify(bearerToken(event.multiValueHeaders), originOf(event.requestContext.identity));
    } catch (error) {
      throw refusal(error, about);
    }
    const decision = decisionOn(bearer, findRoute(event.httpMethod, event.resource));
    // In a policy these are wildcards; no id contains them.
    const literal = !/[*?]/.test(event.methodArn);
    const allow = decision.allow && literal;
    if (!allow)
      log("info", "refused", {
        ...about,
        status: 403,
        actor: bearer.sub,
        reason: decision.allow ? "the path holds a wildcard" : decision.reason,
      });
    return {
      principalId: bearer.sub,
      policyDocument: {
        Version: "2012-10-17",
        Statement: [
          { Action: "execute-api:Invoke", Effect: allow ? "Allow" : "Deny", Resource: literal ? event.methodArn : "*" },
        ],
      },
      context: contextOf(bearer),
      // The gateway throttles by it; without one that it knows, the answer would be 403.
      usageIdentifierKey: bearer.usageKey ?? (bearer.org_id === platformOrg ? shared.platform : shared.others),
    };
  };

/** Logs why, and returns what the gateway is told: it answers 401 to this very message, and 500 to any other. */
const refusal = (error: unknown, about: Readonly<Record<string, unknown>>): Error => {
  const ours = error instanceof Error && error.name === "KeysUnavailable";
  log(ours ? "error" : "info", "refused", { ...about, status: ours ? 500 : 401, reason: reasonOf(error) });
  return ours ? error : new Error("Unauthorized");
};

/** What the handlers are told of the bearer. */
export const contextOf = ({ sub, email, org_id, permissions, sid, impersonation }: Bearer) => ({
  sub,
  email,
  org_id,
  permissions,
  sid,
  ...(impersonation !== undefined && {
    impersonation: impersonation.id,
    on_behalf_of: impersonation.user_id,
    impersonation_reason: impersonation.reason,
    impersonation_ends_at: impersonation.ends_at,
  }),
});

/** The gate's decision on a bearer who is known. */
export const decisionOn = (bearer: Bearer, route: Parameters<typeof decide>[0]): Decision =>
  bearer.barred === undefined
    ? decide(route, {
        orgId: bearer.org_id,
        permissions: bearer.permissions,
        sid: bearer.sid,
        impersonates: bearer.impersonation !== undefined,
      })
    : { allow: false, reason: bearer.barred };

/** As far as the gateway says it; agents may be long. */
export const originOf = (identity?: { sourceIp?: string | null; userAgent?: string | null }): Origin => ({
  sourceIp: identity?.sourceIp ?? "",
  userAgent: (identity?.userAgent ?? "").slice(0, 200),
});

/** Messages of the verifier may quote claims, but never the token; they are cut all the same. */
export const reasonOf = (error: unknown) =>
  error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : "unknown";
