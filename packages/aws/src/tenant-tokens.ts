import { impersonationIssuer } from "@tenantry/core/access/impersonation";
import type { FindIssuer } from "./issuer-reader.ts";
import { KeysUnavailable, poolKeys } from "./pool-keys.ts";
import { type Pool, type ReadToken, readToken, remembering, type TokenClaims, tokenJudge } from "./token.ts";

/** A user pool's id is its region and a name; nothing else is looked up or fetched. */
const poolName = /^[A-Za-z0-9]{1,55}$/;
const clientName = /^[A-Za-z0-9]{1,128}$/;

/** @throws Error for a token that acts for somebody else. */
const ownOnly = (claims: TokenClaims): TokenClaims => {
  if (claims.impersonation !== undefined) throw new Error("Its client is not the one for impersonation.");
  return claims;
};

type Verify = (token: string) => Promise<TokenClaims>;

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
  const findKey = poolKeys();
  const judgeShared = tokenJudge(shared, findKey);
  const judge = (pool: string, client: string, token: ReadToken): Promise<TokenClaims> =>
    tokenJudge(
      { issuer: `${root}${pool}`, jwksUri: `${jwksRoot}${pool}/.well-known/jwks.json`, clientId: client },
      findKey,
    )(token);
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
  const verify = remembering(async (text) => {
    const token = readToken(text);
    const { iss, client_id: client } = token.payload;
    if (typeof iss !== "string" || typeof client !== "string") throw new Error("It names no issuer or no client.");
    if (isShared(iss, client)) return judgeShared(token);
    // Nobody else's keys are fetched.
    await ownerOf(iss, client);
    return judge(poolOf(iss), client, token);
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
