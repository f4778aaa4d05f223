import { verify as verifySignature } from "node:crypto";
import { claimText as text, requireAccess, requireHeader, requireOneReading } from "@tenantry/core/access/token-rules";
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

/** A token taken apart, and nothing of it believed. */
export type ReadToken = DecomposedJwt & { readonly text: string };

/** @throws Error for what is no token. */
export const readToken = (jwt: string): ReadToken => ({ ...decomposeUnverifiedJwt(jwt), text: jwt });

const decode = (part: string): string => Buffer.from(part, "base64url").toString("utf8");

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
const claimsOf = (payload: DecomposedJwt["payload"], pool: Pool): TokenClaims => {
  validateJwtFields(payload, { issuer: pool.issuer, audience: null });
  requireAccess(payload, pool.clientId, Date.now() / 1000);
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
    requireHeader(token.header);
    const found = findKey(pool.jwksUri, token);
    const key = found instanceof Promise ? await found : found;
    const signed = Buffer.from(token.text.slice(0, token.text.lastIndexOf(".")));
    const signature = Buffer.from(token.signatureB64, "base64url");
    if (!verifySignature("sha256", signed, key, signature)) throw new Error("Its signature is not the pool's.");
    requireOneReading([token.headerB64, token.payloadB64, token.signatureB64], decode);
    return claimsOf(token.payload, pool);
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
