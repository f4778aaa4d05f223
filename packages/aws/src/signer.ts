import { createHmac, timingSafeEqual } from "node:crypto";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { Signer } from "@tenantry/core/ports";

/** HMAC-SHA256 in base64url, with the key that `key` gives. */
export const hmacSigner = (key: () => Promise<string>): Signer => {
  const sign = async (text: string): Promise<string> =>
    createHmac("sha256", await key())
      .update(text)
      .digest("base64url");
  return {
    sign,
    async verify(text, signature) {
      const expected = Buffer.from(await sign(text));
      const given = Buffer.from(signature);
      return given.byteLength === expected.byteLength && timingSafeEqual(given, expected);
    },
  };
};

/** A secret's value, fetched when first needed and kept for the life of the process. */
export const secretValue = (arn: string, client = new SecretsManagerClient({})): (() => Promise<string>) => {
  let value: Promise<string> | undefined;
  return () => {
    value ??= fetchSecret(client, arn).catch((error: unknown) => {
      value = undefined;
      throw error;
    });
    return value;
  };
};

const fetchSecret = async (client: SecretsManagerClient, arn: string): Promise<string> => {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: arn }));
  if (SecretString === undefined || SecretString === "") throw new Error(`The secret ${arn} has no value.`);
  return SecretString;
};
