import { generateKeyPair, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { type CryptoKey, exportJWK, importPKCS8, importSPKI, type JWK } from "jose";
import type { Cognito } from "./state.ts";

type Use = "id" | "access";
/** A pool signs its id tokens with one key and its access tokens with another; both are in its key set. */
export type SealedKeys = Readonly<
  Record<Use, { readonly kid: string; readonly publicKey: string; readonly sealed: string }>
>;

const generate = promisify(generateKeyPair);

const newKey = async (cognito: Cognito, poolId: string): Promise<SealedKeys[Use]> => {
  const { publicKey, privateKey } = await generate("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  const kid = randomBytes(32).toString("base64");
  return { kid, publicKey, sealed: cognito.seal.seal(privateKey, `${poolId} ${kid}`) };
};

const makeKeys = async (cognito: Cognito, poolId: string): Promise<SealedKeys> => {
  const [id, access] = await Promise.all([newKey(cognito, poolId), newKey(cognito, poolId)]);
  const keys = { id, access };
  cognito.keys.put(poolId, keys);
  return keys;
};

const making = new WeakMap<Cognito, Map<string, Promise<SealedKeys>>>();

/**
 * A pool's keys are this installation's own and stay for the pool's life. They are made when the first of them is needed:
 * that takes half a second of a processor, and a pool may go before anybody signs in.
 */
const keysOf = (cognito: Cognito, poolId: string): Promise<SealedKeys> => {
  const known = cognito.keys.get(poolId);
  if (known) return Promise.resolve(known);
  const underway = making.get(cognito) ?? new Map<string, Promise<SealedKeys>>();
  making.set(cognito, underway);
  const made = underway.get(poolId) ?? makeKeys(cognito, poolId).finally(() => underway.delete(poolId));
  underway.set(poolId, made);
  return made;
};

const imported = new Map<string, Promise<CryptoKey>>();

export const signingKey = async (
  cognito: Cognito,
  poolId: string,
  use: Use,
): Promise<{ readonly kid: string; readonly key: CryptoKey }> => {
  const { kid, sealed } = (await keysOf(cognito, poolId))[use];
  const key = imported.get(kid) ?? importPKCS8(cognito.seal.open(sealed, `${poolId} ${kid}`), "RS256");
  imported.set(kid, key);
  return { kid, key: await key };
};

export const verifyingKey = async (cognito: Cognito, poolId: string): Promise<CryptoKey> =>
  importSPKI((await keysOf(cognito, poolId)).access.publicKey, "RS256");

/** The pool's `jwks.json`. */
export const keySet = async (cognito: Cognito, poolId: string): Promise<{ keys: JWK[] }> => {
  const keys = Object.values(await keysOf(cognito, poolId)).map(async ({ kid, publicKey }) => {
    const { n, e, kty } = await exportJWK(await importSPKI(publicKey, "RS256", { extractable: true }));
    return { alg: "RS256", e, kid, kty, n, use: "sig" } as JWK;
  });
  return { keys: await Promise.all(keys) };
};
