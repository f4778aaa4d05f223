import { createHmac } from "node:crypto";
import { AwsError } from "./service.ts";
import { same, sha256, type Signature, signingKey } from "./signature.ts";

const incomplete = (): AwsError =>
  new AwsError("IncompleteBody", "The request body terminated unexpectedly or is not aws-chunked.", 400);

/** A body as S3's clients stream it, undone: the bytes, and the headers that came behind them. */
export type Dechunked = { readonly body: Buffer; readonly trailers: Readonly<Record<string, string>> };

type Chunk = { readonly data: Buffer; readonly signature: string | undefined };

const line = (body: Buffer, from: number): { text: string; next: number } => {
  const end = body.indexOf("\r\n", from);
  if (end < 0) throw incomplete();
  return { text: body.toString("latin1", from, end), next: end + 2 };
};

const split = (body: Buffer): { chunks: Chunk[]; trailers: Record<string, string>; raw: string } => {
  const chunks: Chunk[] = [];
  let at = 0;
  for (;;) {
    const { text, next } = line(body, at);
    const [hex = "", extension = ""] = text.split(";");
    const size = Number.parseInt(hex, 16);
    if (!/^[0-9a-f]+$/i.test(hex) || next + size > body.length) throw incomplete();
    const signature = /^chunk-signature=([0-9a-f]{64})$/.exec(extension)?.[1];
    chunks.push({ data: body.subarray(next, next + size), signature });
    at = next + size;
    if (size === 0) break;
    if (body.toString("latin1", at, at + 2) !== "\r\n") throw incomplete();
    at += 2;
  }
  const trailers: Record<string, string> = {};
  let raw = "";
  while (at < body.length) {
    const { text, next } = line(body, at);
    at = next;
    const colon = text.indexOf(":");
    if (colon < 0) continue;
    const name = text.slice(0, colon).trim().toLowerCase();
    trailers[name] = text.slice(colon + 1).trim();
    if (name !== "x-amz-trailer-signature") raw += `${name}:${trailers[name]}\n`;
  }
  return { chunks, trailers, raw };
};

/**
 * Undoes `aws-chunked` and verifies each chunk's and the trailer's signature when the body is signed in chunks.
 * @throws AwsError IncompleteBody, or SignatureDoesNotMatch.
 */
export const dechunk = (wire: Buffer, mode: string, seed: Signature, secret: string): Dechunked => {
  const { chunks, trailers, raw } = split(wire);
  if (mode.startsWith("STREAMING-AWS4-HMAC-SHA256-PAYLOAD")) {
    const { date, region, service, time } = seed;
    const key = signingKey(secret, date, region, service);
    const sign = (kind: string, previous: string, ...hashes: string[]): string => {
      const text = [`AWS4-HMAC-SHA256-${kind}`, time, `${date}/${region}/${service}/aws4_request`, previous, ...hashes];
      return createHmac("sha256", key).update(text.join("\n")).digest("hex");
    };
    const wrong = (): AwsError =>
      new AwsError("SignatureDoesNotMatch", "The signature of a chunk of the body does not match.", 403);
    let previous = seed.signature;
    for (const { data, signature } of chunks) {
      const expected = sign("PAYLOAD", previous, sha256(""), sha256(data));
      if (signature === undefined || !same(signature, expected)) throw wrong();
      previous = expected;
    }
    if (mode.endsWith("-TRAILER")) {
      const expected = sign("TRAILER", previous, sha256(raw));
      if (!same(trailers["x-amz-trailer-signature"] ?? "", expected)) throw wrong();
    }
  }
  delete trailers["x-amz-trailer-signature"];
  return { body: Buffer.concat(chunks.map((chunk) => chunk.data)), trailers };
};
