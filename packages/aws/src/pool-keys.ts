import { createPublicKey, type KeyObject } from "node:crypto";
import { JwksNotAvailableInCacheError, KidNotFoundInJwksError } from "aws-jwt-verify/error";
import { assertIsSignatureJwk, type Jwk, SimpleJwksCache } from "aws-jwt-verify/jwk";
import type { DecomposedJwt } from "aws-jwt-verify/jwt";

const timeoutMillis = 3000;

/** The pool's keys cannot be had, which says nothing about the token. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}

/** By `fetch`, as the library's own fetcher speaks https only. */
const fetchJwks = async (uri: string): Promise<ArrayBuffer> => {
  try {
    const response = await fetch(uri, { signal: AbortSignal.timeout(timeoutMillis), redirect: "error" });
    if (!response.ok) throw new Error(`The status was ${response.status}.`);
    return await response.arrayBuffer();
  } catch (cause) {
    throw new KeysUnavailable(`The keys at ${uri} cannot be had.`, { cause });
  }
};

/** The key that a token names, of the pool whose keys are at this address. It checks RS256 signatures and nothing else. */
export type FindKey = (jwksUri: string, token: DecomposedJwt) => KeyObject | Promise<KeyObject>;

/** @throws Error for a key that is for something else than RS256 signatures. */
const usable = (jwk: Jwk): KeyObject => {
  assertIsSignatureJwk(jwk);
  if (jwk.kty !== "RSA" || (jwk.alg ?? "RS256") !== "RS256") throw new Error("Its key is not for RS256.");
  return createPublicKey({ key: jwk, format: "jwk" });
};

/**
 * Keys of any number of pools, by their address. They are fetched once, and again only for a key id that is new, at most
 * every ten seconds. A key that is at hand is returned, and not promised: waiting would take longer than its use.
 */
export const poolKeys = (): FindKey => {
  const cache = new SimpleJwksCache({ fetcher: { fetch: fetchJwks } });
  const keys = new WeakMap<Jwk, KeyObject>();
  const keyOf = (jwk: Jwk): KeyObject => {
    const known = keys.get(jwk);
    if (known !== undefined) return known;
    const key = usable(jwk);
    keys.set(jwk, key);
    return key;
  };
  return (jwksUri, token) => {
    try {
      return keyOf(cache.getCachedJwk(jwksUri, token));
    } catch (error) {
      if (error instanceof JwksNotAvailableInCacheError || error instanceof KidNotFoundInJwksError)
        return cache.getJwk(jwksUri, token).then(keyOf);
      throw error;
    }
  };
};
