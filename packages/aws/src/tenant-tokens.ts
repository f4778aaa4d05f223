import { impersonationIssuer } from "@tenantry/core/access/impersonation";
import type { FindIssuer } from "./issuer-reader.ts";
import { accessTokens, jwksCache, KeysUnavailable, type Pool, remembering, type TokenClaims } from "./token.ts";

/** A user pool's id is its region and a name; nothing else is looked up or fetched. */
const poolName = /^[A-Za-z0-9]{1,55}$/;
const clientName = /^[A-Za-z0-9]{1,128}$/;

/** @throws Error for a token that acts for somebody else. */
const ownOnly = (claims: TokenClaims): TokenClaims => {
  if (claims.impersonation !== undefined) throw new Error("Its client is not the one for impersonation.");
  return claims;
};

const verifiersKept = 200;

type Verify = (token: string) => Promise<TokenClaims>;

/** What a token says of itself before anybody believes it. */
const claimed = (token: string): { issuer: string; client: string } => {
  const payload: unknown = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8"));
  const { iss, client_id } = (payload ?? {}) as Record<string, unknown>;
  if (typeof iss !== "string" || typeof client_id !== "string") throw new Error("It names no issuer or no client.");
  return { issuer: iss, client: client_id };
};

/**
 * Verifies access tokens of the platform's own client, which needs no look-up, and of clients that are registered to a
 * tenant, in its own user pool or in the shared one. Such a token speaks for that tenant or for nobody, and no longer
 * than it is registered: that is asked each time, also of a token that was verified before. Tokens of the client for
 * impersonation, and no others, act for a user.
 *
 * @throws Error that says why, `KeysUnavailable` when it could not be judged.
 */
export const tenantTokens = (shared: Pool, find: FindIssuer): Verify => {
  const root = shared.issuer.slice(0, shared.issuer.lastIndexOf("/") + 1);
  const region = shared.issuer.slice(root.length).split("_")[0] ?? "";
  const jwksRoot = shared.jwksUri.slice(0, shared.jwksUri.indexOf(shared.issuer.slice(root.length)));
  const cache = jwksCache();
  const verifiers = new Map<string, Verify>();

  const verifierOf = (pool: string, client: string): Verify => {
    const name = `${pool} ${client}`;
    const verify =
      verifiers.get(name) ??
      accessTokens(
        { issuer: `${root}${pool}`, jwksUri: `${jwksRoot}${pool}/.well-known/jwks.json`, clientId: client },
        cache,
      );
    verifiers.delete(name);
    verifiers.set(name, verify);
    if (verifiers.size > verifiersKept)
      for (const oldest of verifiers.keys()) return (verifiers.delete(oldest), verify);
    return verify;
  };
  const poolOf = (issuer: string): string => {
    const id = issuer.startsWith(root) ? issuer.slice(root.length) : "";
    const [place, name = "", ...more] = id.split("_");
    if (place !== region || more.length > 0 || !poolName.test(name)) throw new Error("Its issuer is not ours.");
    return id;
  };
  const isShared = (issuer: string, client: string): boolean => issuer === shared.issuer && client === shared.clientId;
  const ownerOf = async (issuer: string, client: string): Promise<string> => {
    if (!clientName.test(client)) throw new Error("Its client is not ours.");
    const registered = await find(poolOf(issuer), client).catch((cause: unknown) => {
      throw new KeysUnavailable("The issuer cannot be looked up.", { cause });
    });
    if (registered === null) throw new Error("Its issuer is not registered.");
    return registered.tenant_id;
  };
  const verify = remembering(async (token) => {
    const { issuer, client } = claimed(token);
    // Nobody else's keys are fetched.
    if (!isShared(issuer, client)) await ownerOf(issuer, client);
    return verifierOf(poolOf(issuer), client)(token);
  });

  return async (token) => {
    const claims = await verify(token);
    if (isShared(claims.iss, claims.client_id)) return ownOnly(claims);
    const owner = await ownerOf(claims.iss, claims.client_id);
    if (owner === impersonationIssuer) {
      if (claims.iss !== shared.issuer) throw new Error("Nobody impersonates through another pool.");
      if (claims.impersonation === undefined) throw new Error("It acts for nobody.");
      return claims;
    }
    if (ownOnly(claims).org_id !== "" && claims.org_id !== owner)
      throw new Error("It speaks for another organisation than its issuer's.");
    return claims;
  };
};
