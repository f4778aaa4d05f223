import { isCanonicalBase64url, repeatsName } from "@tenantry/core/access/token-text";
import { JwtVerifier } from "aws-jwt-verify";
import { JwksNotAvailableInCacheError, KidNotFoundInJwksError } from "aws-jwt-verify/error";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { setting } from "./config.ts";
import { endpointFor } from "./endpoint.ts";

/** What a verified access token says of its bearer. */
export type TokenClaims = {
  readonly iss: string;
  readonly client_id: string;
  readonly sub: string;
  readonly email: string;
  readonly org_id: string;
  /** As `permissionClaim` wrote them. */
  readonly permissions: string;
  readonly perm_epoch: string;
  /** The sign-in that the token came from, the same over all refreshes: Cognito's `origin_jti`. */
  readonly sid: string;
  /** When that was, in seconds since 1970; 0 where the token does not say. */
  readonly auth_time: number;
  /** Of a token by which staff act for a user. */
  readonly impersonation?: {
    readonly id: string;
    readonly by: string;
    readonly user_id: string;
    readonly reason: string;
  };
  /** Seconds since 1970. */
  readonly exp: number;
};

const jwksTimeoutMillis = 3000;

/** The pool's keys cannot be had, which says nothing about the token. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

/** By `fetch`, as the library's own fetcher speaks https only. */
const fetchJwks = async (uri: string): Promise<ArrayBuffer> => {
  try {
    const response = await fetch(uri, { signal: AbortSignal.timeout(jwksTimeoutMillis), redirect: "error" });
    if (!response.ok) throw new Error(`The status was ${response.status}.`);
    return await response.arrayBuffer();
  } catch (cause) {
    throw new KeysUnavailable(`The keys at ${uri} cannot be had.`, { cause });
  }
};

/** A claim that is absent is the empty string; one that is no string is refused. */
const text = (payload: Readonly<Record<string, unknown>>, name: string): string => {
  const value = payload[name] ?? "";
  if (typeof value !== "string") throw new Error(`The claim ${name} is not a string.`);
  return value;
};

const impersonationIn = (payload: Readonly<Record<string, unknown>>, by: string) => {
  const id = text(payload, "impersonation");
  if (id === "") return {};
  return {
    impersonation: { id, by, user_id: text(payload, "on_behalf_of"), reason: text(payload, "impersonation_reason") },
  };
};

/** Cognito signs no access token for longer than a day; clocks may differ by five minutes. */
const longestSeconds = 24 * 3600;
const skewSeconds = 300;

/** What of a token its claims do not show: what was signed must be one text that everybody reads alike. */
const checkText = (token: string): void => {
  const parts = token.split(".");
  if (!parts.every(isCanonicalBase64url)) throw new Error("It is not written as tokens are.");
  for (const part of parts.slice(0, 2))
    if (repeatsName(Buffer.from(part, "base64url").toString("utf8"))) throw new Error("It says something twice.");
};

export type Pool = { readonly issuer: string; readonly jwksUri: string; readonly clientId: string };

/** The user pool of this deployment. */
export const poolFromSettings = (): Pool => {
  const pool = setting("USER_POOL_ID");
  return {
    issuer: `https://cognito-idp.${setting("AWS_REGION")}.amazonaws.com/${pool}`,
    jwksUri: `${endpointFor("cognito-idp")}/${pool}/.well-known/jwks.json`,
    clientId: setting("USER_POOL_CLIENT_ID"),
  };
};

/** Keys of any number of pools, by their address. */
export const jwksCache = () => new SimpleJwksCache({ fetcher: { fetch: fetchJwks } });

/**
 * Verifies access tokens of one pool for one client: RS256 by a key of the pool, issuer, `token_use`, client, expiry
 * without leeway. Keys are fetched once and again only for a key id that is new, at most every ten seconds.
 *
 * @throws Error whose message says why, and never contains the token; `KeysUnavailable` when it could not be judged.
 */
export const accessTokens = (pool: Pool, cache = jwksCache()): ((token: string) => Promise<TokenClaims>) => {
  const verifier = JwtVerifier.create(
    {
      issuer: pool.issuer,
      audience: null,
      jwksUri: pool.jwksUri,
      customJwtCheck: ({ header, payload }) => {
        if (header.alg !== "RS256") throw new Error("The algorithm is not RS256.");
        // Whoever does not know what is critical must refuse it (RFC 7515, section 4.1.11), and we know of nothing.
        if (header["crit"] !== undefined) throw new Error("Its header has extensions.");
        if (payload["token_use"] !== "access") throw new Error("It is not an access token.");
        if (payload["client_id"] !== pool.clientId) throw new Error("It was issued to another client.");
        const now = Date.now() / 1000;
        if (!((payload.exp ?? Number.NaN) <= now + longestSeconds + skewSeconds)) throw new Error("It lives too long.");
        if ((payload.iat ?? 0) > now + skewSeconds) throw new Error("It is not made yet.");
      },
    },
    { jwksCache: cache },
  );
  /** Without a detour over another thread where the key is at hand, which takes longer than the check itself. */
  const verified = (token: string) => {
    try {
      return verifier.verifySync(token);
    } catch (error) {
      if (error instanceof JwksNotAvailableInCacheError || error instanceof KidNotFoundInJwksError)
        return verifier.verify(token);
      throw error;
    }
  };
  return async (token) => {
    const payload = await verified(token);
    checkText(token);
    const sub = text(payload, "sub");
    if (sub === "") throw new Error("It names nobody.");
    return {
      iss: pool.issuer,
      client_id: pool.clientId,
      sub,
      email: text(payload, "email"),
      org_id: text(payload, "org_id"),
      permissions: text(payload, "permissions"),
      perm_epoch: text(payload, "perm_epoch"),
      sid: text(payload, "origin_jti"),
      auth_time: typeof payload["auth_time"] === "number" ? payload["auth_time"] : 0,
      exp: payload.exp ?? 0,
      ...impersonationIn(payload, sub),
    };
  };
};

const cacheSize = 1000;

/**
 * Remembers verified tokens until they expire, the most recently used thousand of them. Only what verified is kept:
 * a refused token is judged anew each time.
 */
export const remembering = (
  verify: (token: string) => Promise<TokenClaims>,
  now: () => number = Date.now,
): ((token: string) => Promise<TokenClaims>) => {
  const known = new Map<string, TokenClaims>();
  return async (token) => {
    const claims = known.get(token);
    known.delete(token);
    const valid = claims !== undefined && claims.exp * 1000 > now() ? claims : await verify(token);
    known.set(token, valid);
    if (known.size > cacheSize) for (const oldest of known.keys()) return (known.delete(oldest), valid);
    return valid;
  };
};
