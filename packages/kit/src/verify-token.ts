import { claimText, requireAccess, requireHeader, requireOneReading } from "@tenantry/core/access/token-rules";
import { JwtVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { decomposeUnverifiedJwt } from "aws-jwt-verify/jwt";
import type { JwtHeader, JwtPayload } from "aws-jwt-verify/jwt-model";

/** Who a verified access token speaks for. */
export type Caller = {
  /** The tenant, `ten_…`, or `org_platform` for the platform's staff. */
  readonly tenantId: string;
  /** The user's `sub`: the same for as long as the user exists. */
  readonly userId: string;
  readonly email: string;
  readonly roles: readonly string[];
  readonly permissions: ReadonlySet<string>;
  /** When the token ends. */
  readonly expiresAt: Date;
};

/** A user pool and the client that its tokens must have been issued to. */
export type UserPool = {
  /** `us-east-1_AbCdEfGhI` */
  readonly userPoolId: string;
  readonly clientId: string;
};

export type TokenVerifierOptions = {
  /** The pools whose tokens count: the platform's, and those of premium tenants. */
  readonly userPools: readonly [UserPool, ...UserPool[]];
  /** Where the pools' keys are fetched, if not from AWS: an embedded cloud's address. */
  readonly endpoint?: string;
};

/** The token is refused. The message says why and never contains the token: log it, do not answer it. */
export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
}

/** The pool's keys cannot be had at the moment, which says nothing about the token. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

const keysTimeout = 3000;

/** The library's own fetcher speaks https only, which an embedded cloud does not. */
const fetchKeys = async (uri: string): Promise<ArrayBuffer> => {
  try {
    const response = await fetch(uri, { signal: AbortSignal.timeout(keysTimeout), redirect: "error" });
    if (!response.ok) throw new Error(`The status was ${response.status}.`);
    return await response.arrayBuffer();
  } catch (cause) {
    throw new KeysUnavailable(`The keys at ${uri} cannot be had.`, { cause });
  }
};

type Token = { readonly header: JwtHeader; readonly payload: JwtPayload };

const decode = (part: string): string => Buffer.from(part, "base64url").toString("utf8");

/**
 * Verifies the platform's access tokens: RS256 by a key of one of the pools, issuer, client, `token_use`, expiry without
 * leeway, one way to read them, and an organisation. By the very rules of the platform's own authorizer. The keys are fetched once, and again for a key id that is new.
 *
 * It does not ask whether the session, the membership or the tenant has ended since the token was made; the platform's
 * API does. Keep tokens short-lived where that matters.
 *
 * @returns a function from a token to its bearer, which throws `TokenRefused` or `KeysUnavailable`
 */
export const tokenVerifier = ({ userPools, endpoint }: TokenVerifierOptions): ((token: string) => Promise<Caller>) => {
  const issuers = userPools.map(({ userPoolId, clientId }) => {
    const host = `https://cognito-idp.${userPoolId.split("_")[0]}.amazonaws.com`;
    return {
      issuer: `${host}/${userPoolId}`,
      audience: null,
      jwksUri: `${endpoint ?? host}/${userPoolId}/.well-known/jwks.json`,
      customJwtCheck: ({ header, payload }: Token) => {
        requireHeader(header);
        requireAccess(payload, clientId, Date.now() / 1000);
      },
    };
  });
  const verifier = JwtVerifier.create(issuers, {
    jwksCache: new SimpleJwksCache({ fetcher: { fetch: fetchKeys } }),
  });
  return async (token) => {
    try {
      const payload = await verifier.verify(token);
      const { headerB64, payloadB64, signatureB64 } = decomposeUnverifiedJwt(token);
      requireOneReading([headerB64, payloadB64, signatureB64], decode);
      return callerOf(payload);
    } catch (error) {
      if (error instanceof KeysUnavailable) throw error;
      throw new TokenRefused(error instanceof Error ? error.message : "It could not be verified.");
    }
  };
};

const callerOf = (payload: Readonly<Record<string, unknown>>): Caller => {
  const text = (name: string): string => claimText(payload, name);
  const words = (name: string): string[] => text(name).split(" ").filter(Boolean);
  const [tenantId, userId] = [text("org_id"), text("sub")];
  if (tenantId === "" || userId === "") throw new Error("It names no organisation or nobody.");
  return {
    tenantId,
    userId,
    email: text("email"),
    roles: words("roles"),
    permissions: new Set(words("permissions")),
    expiresAt: new Date(Number(payload["exp"]) * 1000),
  };
};
