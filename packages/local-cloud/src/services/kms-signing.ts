import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { AwsError } from "../gateway/service.ts";
import { type Input, optionalText, text } from "./input.ts";
import type { Key, Keys } from "./kms-keys.ts";
import type { Seal } from "./seal.ts";

/** The one kind of signing key that is here. */
export const signingSpec = "ECC_NIST_P256";
const algorithm = "ECDSA_SHA_256";

/** A fresh private key, as it is sealed. */
export const newSigningKey = (): string => {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "pkcs8", format: "der" }).toString("base64");
};

const privateKeyOf = (seal: Seal, key: Key): KeyObject => {
  if (key.spec !== signingSpec) throw new AwsError("InvalidKeyUsageException", `${key.arn} is no key to sign with.`);
  return createPrivateKey({ key: Buffer.from(seal.open(key.sealed, key.arn), "base64"), type: "pkcs8", format: "der" });
};

const messageOf = (input: Input): Buffer => {
  if ((optionalText(input, "MessageType") ?? "RAW") !== "RAW")
    throw new AwsError("NotImplemented", "The embedded cloud signs whole messages only.", 501);
  if (text(input, "SigningAlgorithm") !== algorithm)
    throw new AwsError("NotImplemented", `The embedded cloud signs by ${algorithm} only.`, 501);
  const message = Buffer.from(text(input, "Message"), "base64");
  if (message.length > 4096) throw new AwsError("ValidationException", "The message is longer than 4096 bytes.");
  return message;
};

/** Sign, Verify and GetPublicKey of P-256 keys; signatures are ASN.1 DER, as KMS makes them. */
export const signingActions = (keys: Keys, seal: Seal) => ({
  Sign(input: Input) {
    const key = keys.needUsable(text(input, "KeyId"));
    const Signature = sign("sha256", messageOf(input), privateKeyOf(seal, key)).toString("base64");
    return { KeyId: key.arn, Signature, SigningAlgorithm: algorithm };
  },
  Verify(input: Input) {
    const key = keys.needUsable(text(input, "KeyId"));
    const publicKey = createPublicKey(privateKeyOf(seal, key));
    if (!verify("sha256", messageOf(input), publicKey, Buffer.from(text(input, "Signature"), "base64")))
      throw new AwsError("KMSInvalidSignatureException", "The signature is not one of this message.");
    return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: algorithm };
  },
  GetPublicKey(input: Input) {
    const key = keys.needUsable(text(input, "KeyId"));
    const PublicKey = createPublicKey(privateKeyOf(seal, key))
      .export({ type: "spki", format: "der" })
      .toString("base64");
    return {
      KeyId: key.arn,
      PublicKey,
      KeySpec: signingSpec,
      CustomerMasterKeySpec: signingSpec,
      KeyUsage: "SIGN_VERIFY",
      SigningAlgorithms: [algorithm],
    };
  },
});
