import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from "@aws-sdk/client-kms";

/** A text under a key of its own, which in turn is encrypted by KMS. All base64. */
export type Sealed = { readonly key: string; readonly nonce: string; readonly tag: string; readonly text: string };

/** Authenticated, not secret: whoever opens must name what was named when it was sealed. CloudTrail shows it. */
export type SealContext = Readonly<Record<string, string>>;

export interface Envelopes {
  /** Asks KMS for a key now; what it gives then seals one text without asking anybody. */
  prepare(context: SealContext): Promise<(text: string) => Sealed>;
  /** @throws Error of KMS for another context, of the cipher for an altered text. */
  open(sealed: Sealed, context: SealContext): Promise<string>;
}

const algorithm = "aes-256-gcm";
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");
const bytesOf = (text: string): Buffer => Buffer.from(text, "base64");

/** Envelope encryption: KMS encrypts at most 4096 bytes itself, and an answer may be longer. */
export const kmsEnvelopes = (keyId: string, client = new KMSClient({})): Envelopes => ({
  async prepare(context) {
    const made = await client.send(
      new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: "AES_256", EncryptionContext: { ...context } }),
    );
    const { Plaintext: plain, CiphertextBlob: wrapped } = made;
    if (plain === undefined || wrapped === undefined) throw new Error("KMS gave no data key.");
    return (text) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv(algorithm, plain, nonce);
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return { key: base64(wrapped), nonce: base64(nonce), tag: base64(cipher.getAuthTag()), text: base64(body) };
    };
  },

  async open({ key, nonce, tag, text }, context) {
    const { Plaintext: plain } = await client.send(
      new DecryptCommand({ KeyId: keyId, CiphertextBlob: bytesOf(key), EncryptionContext: { ...context } }),
    );
    if (plain === undefined) throw new Error("KMS gave no data key.");
    const decipher = createDecipheriv(algorithm, plain, bytesOf(nonce)).setAuthTag(bytesOf(tag));
    return Buffer.concat([decipher.update(bytesOf(text)), decipher.final()]).toString("utf8");
  },
});
