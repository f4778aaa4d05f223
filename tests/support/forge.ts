import { createHmac, createPublicKey, type KeyObject, randomUUID, sign } from "node:crypto";

export type Claims = Readonly<Record<string, unknown>>;

/** All that somebody who makes tokens can have. Only the keys of the pool are out of an attacker's reach. */
export type Material = {
  /** A good token's header and claims. */
  readonly header: Claims;
  readonly claims: Claims;
  /** The pool's own key. */
  readonly key: KeyObject;
  /** A key that the pool has never seen. */
  readonly foreign: KeyObject;
};

export const base64url = (value: string | Buffer): string => Buffer.from(value).toString("base64url");
const json = (value: unknown): string => base64url(JSON.stringify(value));

const hashes: Readonly<Record<string, string>> = { RS256: "sha256", RS384: "sha384", RS512: "sha512" };

/** Makes tokens as the pool does, and as it never would. Each is another token than all before: its `jti` is new. */
export const forgery = ({ header, claims, key, foreign }: Material) => {
  const now = (): number => Math.floor(Date.now() / 1000);
  const signText = (text: string, by: KeyObject = key, alg = "RS256"): string =>
    `${text}.${sign(hashes[alg] ?? "sha256", Buffer.from(text), by).toString("base64url")}`;
  /** The two parts that are signed. What is `undefined` is left out. */
  const text = (change: Claims = {}, head: Claims = {}): string =>
    `${json({ ...header, ...head })}.${json({ ...claims, jti: randomUUID(), iat: now(), exp: now() + 600, ...change })}`;
  const token = (change: Claims = {}, head: Claims = {}, by: KeyObject = key): string =>
    signText(text(change, head), by, typeof head["alg"] === "string" ? head["alg"] : "RS256");
  /** A good token whose claims, or header, are written as `write` says. */
  const written = (
    write: (json: string) => string,
    part: "claims" | "header" = "claims",
    by: KeyObject = key,
  ): string => {
    const [head = "", body = ""] = text().split(".");
    const plain = (one: string) => Buffer.from(one, "base64url").toString("utf8");
    return signText(
      part === "claims" ? `${head}.${base64url(write(plain(body)))}` : `${base64url(write(plain(head)))}.${body}`,
      by,
    );
  };
  const hmac = (secret: string | Buffer, alg = "HS256"): string => {
    const signed = text({}, { alg });
    return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
  };
  return { now, text, token, signText, written, hmac, header, claims, key, foreign, publicKey: createPublicKey(key) };
};

export type Forgery = ReturnType<typeof forgery>;
