import type { Host } from "../part.ts";
import { methodArn, requestEvent, type Routed } from "./event.ts";
import type { Authorizer } from "./model.ts";
import { decide, type Decision } from "./policy.ts";
import { GatewayError } from "./responses.ts";

/** What an authorizer says of the caller: goes into the event as `requestContext.authorizer`. */
export type Authorized = Readonly<Record<string, unknown>>;

/** What an authorizer says of the caller, and the usage key that it names for them. */
export type Admitted = { readonly authorized: Authorized; readonly usageKey: string | undefined };

type Verdict = Admitted & { readonly policy: unknown; readonly until: number };

/** Results of one deployed API. */
export type Authorizers = {
  /**
   * Who is denied is known all the same: the gateway's answer and the access log have `$context.authorizer`.
   * @throws GatewayError UNAUTHORIZED, AUTHORIZER_FAILURE or AUTHORIZER_CONFIGURATION_ERROR.
   */
  check(authorizer: Authorizer, routed: Routed): Promise<Admitted & { readonly denied: GatewayError | null }>;
};

const MAX_CACHED = 10_000;
const MAX_POLICY_BYTES = 8192;

/** The value of an identity source; undefined or empty: the request lacks it. */
const identityOf = (source: string, { api, request, resource, params }: Routed): string | undefined => {
  const header = /^method\.request\.header\.(.+)$/.exec(source)?.[1];
  if (header !== undefined) return request.lowHeaders[header.toLowerCase()];
  const query = /^method\.request\.querystring\.(.+)$/.exec(source)?.[1];
  if (query !== undefined) return request.query?.[query];
  const path = /^method\.request\.path\.(.+)$/.exec(source)?.[1];
  if (path !== undefined) return params[path];
  const variable = /^stageVariables\.(.+)$/.exec(source)?.[1];
  if (variable !== undefined) return api.stageVariables?.[variable];
  const known: Readonly<Record<string, string>> = {
    "context.resourcePath": resource.path,
    "context.path": request.path,
    "context.httpMethod": request.method,
    "context.stage": api.stage,
    "context.identity.sourceIp": request.sourceIp,
    "context.identity.userAgent": request.lowHeaders["user-agent"] ?? "",
  };
  return known[source];
};

const eventOf = (host: Host, authorizer: Authorizer, routed: Routed, identity: readonly string[]): object => {
  const arn = methodArn(host, routed);
  return authorizer.type === "TOKEN"
    ? { type: "TOKEN", authorizationToken: identity[0], methodArn: arn }
    : { type: "REQUEST", methodArn: arn, ...requestEvent(host, routed) };
};

/** Handlers get the context's values as strings; a nested value makes the whole answer invalid, as on AWS. */
const contextOf = (context: unknown): Record<string, string> => {
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(context ?? {})) {
    if (value === null || value === undefined) continue;
    if (typeof value === "object") throw new GatewayError("AUTHORIZER_CONFIGURATION_ERROR");
    values[name] = String(value);
  }
  return values;
};

export const createAuthorizers = (host: Host): Authorizers => {
  const cache = new Map<string, Verdict>();
  const asking = new Map<string, Promise<Verdict>>();

  const configurationError = (authorizer: Authorizer, reason: string): GatewayError => {
    host.log(`api: the authorizer ${authorizer.functionArn} ${reason}`);
    return new GatewayError("AUTHORIZER_CONFIGURATION_ERROR");
  };

  const ask = async (authorizer: Authorizer, routed: Routed, identity: readonly string[]): Promise<Verdict> => {
    const begun = performance.now();
    const outcome = await host
      .invoke(authorizer.functionArn, eventOf(host, authorizer, routed, identity))
      .catch((error: unknown) => {
        host.log(`api: the authorizer ${authorizer.functionArn} could not be run: ${String(error)}`);
        throw new GatewayError("AUTHORIZER_FAILURE");
      });
    if (outcome.error) {
      if (outcome.error.errorMessage === "Unauthorized") throw new GatewayError("UNAUTHORIZED");
      host.log(
        `api: the authorizer ${authorizer.functionArn} failed: ${outcome.error.errorType}: ${outcome.error.errorMessage}`,
      );
      throw new GatewayError("AUTHORIZER_FAILURE");
    }
    const answer = outcome.payload as {
      principalId?: unknown;
      policyDocument?: unknown;
      context?: unknown;
      usageIdentifierKey?: unknown;
    } | null;
    if (typeof answer?.principalId !== "string" || typeof answer.policyDocument !== "object") {
      throw configurationError(authorizer, "answered without principalId or policyDocument");
    }
    if (Buffer.byteLength(JSON.stringify(answer.policyDocument)) > MAX_POLICY_BYTES) {
      throw configurationError(authorizer, "answered with a policy above 8 kB");
    }
    return {
      policy: answer.policyDocument,
      usageKey: typeof answer.usageIdentifierKey === "string" ? answer.usageIdentifierKey : undefined,
      authorized: {
        ...contextOf(answer.context),
        principalId: answer.principalId,
        integrationLatency: Math.round(performance.now() - begun),
      },
      until: Date.now() + authorizer.ttl * 1000,
    };
  };

  const verdictOf = async (authorizer: Authorizer, routed: Routed, identity: readonly string[]): Promise<Verdict> => {
    if (authorizer.ttl <= 0) return ask(authorizer, routed, identity);
    const key = JSON.stringify([authorizer.id, ...identity]);
    const known = cache.get(key);
    if (known && known.until > Date.now()) return known;
    // Requests that come together with the same identity ask once.
    const pending = asking.get(key) ?? ask(authorizer, routed, identity);
    asking.set(key, pending);
    try {
      const verdict = await pending;
      cache.delete(key);
      cache.set(key, verdict);
      const oldest = cache.size > MAX_CACHED ? cache.keys().next().value : undefined;
      if (oldest !== undefined) cache.delete(oldest);
      return verdict;
    } finally {
      asking.delete(key);
    }
  };

  return {
    async check(authorizer, routed) {
      const identity: string[] = [];
      for (const source of authorizer.identitySources) {
        const value = identityOf(source, routed);
        if (value === undefined || value === "") throw new GatewayError("UNAUTHORIZED");
        identity.push(value);
      }
      if (
        authorizer.validation !== undefined &&
        !new RegExp(`^(?:${authorizer.validation})$`).test(identity[0] ?? "")
      ) {
        throw new GatewayError("UNAUTHORIZED");
      }
      const verdict = await verdictOf(authorizer, routed, identity);
      let decision: Decision;
      try {
        decision = decide(verdict.policy, methodArn(host, routed));
      } catch (error) {
        throw configurationError(authorizer, `answered with a bad policy: ${String(error)}`);
      }
      if (decision === "allow") return { ...verdict, denied: null };
      const explicitly = decision === "explicit-deny" ? " with an explicit deny" : "";
      const said = `User is not authorized to access this resource${explicitly}`;
      return { ...verdict, denied: new GatewayError("ACCESS_DENIED", { said }) };
    },
  };
};
