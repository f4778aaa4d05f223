// The certificate library needs it, and first.
// oxlint-disable-next-line import/no-unassigned-import
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
const years = (count: number): { notBefore: Date; notAfter: Date } => ({
  notBefore: new Date(Date.now() - 24 * 3600 * 1000),
  notAfter: new Date(Date.now() + count * 365 * 24 * 3600 * 1000),
});

export type Certificate = { readonly ca: string; readonly cert: string; readonly key: string };

const serial = (): string =>
  Buffer.from(webcrypto.getRandomValues(new Uint8Array(8)))
    .toString("hex")
    .replace(/^[89a-f]/, "1");

/** Mints an authority and one certificate for this machine. The authority's key is forgotten: it can sign nothing else. */
export const mintCertificate = async (): Promise<Certificate> => {
  x509.cryptoProvider.set(webcrypto);
  const authority = await webcrypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: "CN=Tenantry embedded cloud",
    keys: authority,
    signingAlgorithm: algorithm,
    ...years(20),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  const server = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: "CN=localhost",
    issuer: ca.subject,
    publicKey: server.publicKey,
    signingKey: authority.privateKey,
    signingAlgorithm: algorithm,
    ...years(20),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([
        { type: "dns", value: "localhost" },
        { type: "ip", value: "127.0.0.1" },
        { type: "ip", value: "::1" },
      ]),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", server.privateKey)).toString("base64");
  const lines = pkcs8.match(/.{1,64}/g)?.join("\n") ?? "";
  return {
    ca: `${ca.toString("pem")}\n`,
    cert: `${cert.toString("pem")}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`,
  };
};

/** The authority's certificate of a data folder, `<data>/ca.pem`: what database clients must trust. */
export const authorityFile = (data: string): string => path.join(data, "ca.pem");

/** Writes certificate and key into `folder` and the authority beside the data, once. @returns the authority. */
export const ensureCertificate = async (data: string, folder: string): Promise<string> => {
  const files = [authorityFile(data), path.join(folder, "server.crt"), path.join(folder, "server.key")] as const;
  const there = await Promise.all(files.map((file) => readFile(file, "utf8").catch(() => null)));
  if (there.every((text) => text !== null)) return there[0] ?? "";
  const { ca, cert, key } = await mintCertificate();
  await writeFile(files[1], cert);
  await writeFile(files[2], key, { mode: 0o600 });
  await writeFile(files[0], ca);
  return ca;
};
