import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

/** Encrypts what must not lie in the store in plain. `context` binds a ciphertext to the place it was made for. */
export interface Seal {
  seal(plain: string, context: string): string;
  /** @throws Error when the ciphertext was altered or moved to another context. */
  open(sealed: string, context: string): string;
}

const NONCE = 12;
const TAG = 16;

/** AES-256-GCM under a key derived from the installation's seed, one key per purpose. */
export const openSeal = (seed: string, purpose: string): Seal => {
  const key = Buffer.from(hkdfSync("sha256", Buffer.from(seed, "hex"), Buffer.alloc(0), `tenantry ${purpose}`, 32));
  return {
    seal(plain, context) {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(context, "utf8"));
      const body = Buffer.concat([cipher.update(plain, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64");
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed, "base64");
      const cipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE))
        .setAAD(Buffer.from(context, "utf8"))
        .setAuthTag(bytes.subarray(NONCE, NONCE + TAG));
      return Buffer.concat([cipher.update(bytes.subarray(NONCE + TAG)), cipher.final()]).toString("utf8");
    },
  };
};
