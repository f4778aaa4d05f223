import { createHash, createHmac, type Hash, type Hmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Credentials } from "../part.ts";

class Sha256 {
  readonly #hash: Hash | Hmac;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    const key = typeof secret === "string" || secret === undefined ? secret : Buffer.from(secret as Uint8Array);
    this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", key);
  }
  update(data: string | Uint8Array): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {
    throw new Error("A hash is used once.");
  }
}

const operator = { accessKeyId: "test", secretAccessKey: "test" };

/** A signer that is not ours: the SDK's. */
export const signer = (service: string, credentials: Partial<Credentials> = operator): SignatureV4 =>
  new SignatureV4({
    service,
    region: "us-east-1",
    credentials: { ...operator, ...credentials },
    sha256: Sha256,
    uriEscapePath: service !== "s3",
  });

/** A presigned GET URL, as an SDK makes it. */
export const presign = async (
  address: string,
  options: {
    service: string;
    seconds: number;
    at?: Date;
    credentials?: Partial<Credentials>;
    headers?: Record<string, string>;
  },
): Promise<string> => {
  const url = new URL(address);
  const request = {
    method: "GET",
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { ...options.headers, host: url.host },
    ...(options.service === "s3" ? { body: "UNSIGNED-PAYLOAD" } : {}),
  };
  if (options.service === "s3") Object.assign(request.headers, { "x-amz-content-sha256": "UNSIGNED-PAYLOAD" });
  const signed = await signer(options.service, options.credentials).presign(request, {
    expiresIn: options.seconds,
    signingDate: options.at ?? new Date(),
    ...(options.headers ? { unhoistableHeaders: new Set(Object.keys(options.headers)) } : {}),
  });
  url.search = new URLSearchParams(signed.query as Record<string, string>).toString().replaceAll("+", "%20");
  return url.href;
};
