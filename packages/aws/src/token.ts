import { verify as verifySignature } from "node:crypto";
import { isCanonicalBase64url, repeatsName } from "@tenantry/core/access/token-text";
import { type DecomposedJwt, decomposeUnverifiedJwt, validateJwtFields } from "aws-jwt-verify/jwt";
import { setting } from "./config.ts";
import { endpointFor } from "./endpoint.ts";
import { type FindKey, poolKeys } from "./pool-keys.ts";

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
    /** An instant. */
    readonly ends_at: string;
  };
  /** Seconds since 1970. */
  readonly exp: number;
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
    impersonation: {
      id,
      by,
      user_id: text(payload, "on_behalf_of"),
      reason: text(payload, "impersonation_reason"),
      ends_at: text(payload, "impersonation_ends_at"),
    },
  };
};

/** Cognito signs no access token for longer than a day; clocks may differ by five minutes. */
const longestSeconds = 24 * 3600;
const skewSeconds = 300;

/** A token taken apart, and nothing of it believed. */
export type ReadToken = DecomposedJwt & { readonly text: string };

/** @throws Error for what is no token. */
export const readToken = (jwt: string): ReadToken => ({ ...decomposeUnverifiedJwt(jwt), text: jwt });

/** What of a token its claims do not show: what was signed must be one text that everybody reads alike. */
const checkText = ({ headerB64, payloadB64, signatureB64 }: ReadToken): void => {
  for (const part of [headerB64, payloadB64, signatureB64])
    if (!isCanonicalBase64url(part)) throw new Error("It is not written as tokens are.");
  for (const part of [headerB64, payloadB64])
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

/** The claims of a token of which the signature is known to be good. @throws Error that says why it is of no use. */
const claimsOf = ({ header, payload }: DecomposedJwt, pool: Pool): TokenClaims => {
  validateJwtFields(payload, { issuer: pool.issuer, audience: null });
  // Whoever does not know what is critical must refuse it (RFC 7515, section 4.1.11), and we know of nothing.
  if (header["crit"] !== undefined) throw new Error("Its header has extensions.");
  if (payload["token_use"] !== "access") throw new Error("It is not an access token.");
  if (payload["client_id"] !== pool.clientId) throw new Error("It was issued to another client.");
  const now = Date.now() / 1000;
  if (!((payload.exp ?? Number.NaN) <= now + longestSeconds + skewSeconds)) throw new Error("It lives too long.");
  if ((payload.iat ?? 0) > now + skewSeconds) throw new Error("It is not made yet.");
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

/**
 * Judges access tokens of one pool for one client: RS256 by a key of the pool, issuer, `token_use`, client, expiry
 * without leeway. The library does all of it but the signature, for which it takes half as long again as `crypto.verify`.
 *
 * @throws Error whose message says why, and never contains the token; `KeysUnavailable` when it could not be judged.
 */
export const tokenJudge =
  (pool: Pool, findKey: FindKey) =>
  async (token: ReadToken): Promise<TokenClaims> => {
    if (token.header.alg !== "RS256") throw new Error("The algorithm is not RS256.");
    const found = findKey(pool.jwksUri, token);
    const key = found instanceof Promise ? await found : found;
    const signed = Buffer.from(token.text.slice(0, token.text.lastIndexOf(".")));
    const signature = Buffer.from(token.signatureB64, "base64url");
    if (!verifySignature("sha256", signed, key, signature)) throw new Error("Its signature is not the pool's.");
    checkText(token);
    return claimsOf(token, pool);
  };

/** Verifies access tokens as `tokenJudge` does, by their text. */
export const accessTokens = (pool: Pool, findKey = poolKeys()): ((token: string) => Promise<TokenClaims>) => {
  const judge = tokenJudge(pool, findKey);
  return async (token) => judge(readToken(token));
};

const cacheSize = 1000;

/** So many characters of a signature, 256 bits, tell any two tokens apart that were signed. */
const nameLength = 43;

/**
 * Remembers verified tokens until they expire, the most recently used thousand of them. Only what verified is kept:
 * a refused token is judged anew each time. They are found by their ends, which is quicker, and compared whole.
 */
export const remembering = (
  verify: (token: string) => Promise<TokenClaims>,
  now: () => number = Date.now,
): ((token: string) => Promise<TokenClaims>) => {
  const known = new Map<string, { readonly token: string; readonly claims: TokenClaims }>();
  return async (token) => {
    const name = token.slice(-nameLength);
    const entry = known.get(name);
    known.delete(name);
    const isKnown = entry !== undefined && entry.token === token && entry.claims.exp * 1000 > now();
    const valid = isKnown ? entry : { token, claims: await verify(token) };
    known.set(name, valid);
    if (known.size > cacheSize) for (const oldest of known.keys()) return (known.delete(oldest), valid.claims);
    return valid.claims;
  };
};
