import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { password, type PasswordRules } from "../derive.ts";
import type { Given, OutputTable } from "./resource.ts";

const withBase64 = (bytes: Buffer, id: string) => ({
  id,
  base64: bytes.toString("base64"),
  hex: bytes.toString("hex"),
});

/**
 * An Ed25519 key pair whatever the algorithm asked for: an RSA key cannot be derived from a seed, and no machine is there
 * to log in to.
 */
const keyPair = ({ from }: Given) => {
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), from.bytes("key", 32)]);
  const privateKey = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(privateKey);
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const field = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const wire = Buffer.concat([field(Buffer.from("ssh-ed25519")), field(raw)]);
  const pem = String(privateKey.export({ format: "pem", type: "pkcs8" }));
  return {
    id: createHash("sha1").update(wire).digest("hex"),
    privateKeyPem: pem,
    privateKeyPemPkcs8: pem,
    privateKeyOpenssh: pem,
    publicKeyPem: String(publicKey.export({ format: "pem", type: "spki" })),
    publicKeyOpenssh: `ssh-ed25519 ${wire.toString("base64")}\n`,
    publicKeyFingerprintSha256: `SHA256:${createHash("sha256").update(wire).digest("base64").replace(/=+$/, "")}`,
  };
};

/** What providers make up by chance. Here it derives from the installation's seed, so it lasts. */
export const generatedOutputs: OutputTable = {
  "random:index/randomPassword:RandomPassword": ({ i, from }) => {
    const result = password(from, i as PasswordRules);
    return { id: "none", result };
  },
  "random:index/randomString:RandomString": ({ i, from }) => {
    const result = password(from, i as PasswordRules);
    return { id: result, result };
  },
  "random:index/randomBytes:RandomBytes": ({ i, from }) => withBase64(from.bytes("bytes", i["length"]), "none"),
  "random:index/randomId:RandomId": ({ i, from }) => {
    const bytes = from.bytes("id", i["byteLength"]);
    const b64Url = bytes.toString("base64url");
    const prefix = i["prefix"] ?? "";
    return {
      id: b64Url,
      b64Url: prefix + b64Url,
      b64Std: prefix + bytes.toString("base64"),
      hex: prefix + bytes.toString("hex"),
      dec: prefix + BigInt(`0x${bytes.toString("hex")}`).toString(),
    };
  },
  "random:index/randomUuid:RandomUuid": ({ from }) => ({ id: from.uuid("uuid"), result: from.uuid("uuid") }),
  "random:index/randomInteger:RandomInteger": ({ i, from }) => {
    const result = i["min"] + (from.bytes("integer", 6).readUIntBE(0, 6) % (i["max"] - i["min"] + 1));
    return { id: String(result), result };
  },
  "tls:index/privateKey:PrivateKey": keyPair,
};
