import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** The parts of a SigV4 signature as a request carries them. */
export type Signature = {
  readonly accessKeyId: string;
  /** `YYYYMMDD`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly time: string;
  readonly token?: string;
  /** Seconds that a presigned URL lives; absent for a signature in the header. */
  readonly expires?: number;
};

/** What of a request is signed. `path` and `query` are as they came over the wire. */
export type Signed = {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  /** Hex SHA-256 of the body, or the literal that stands for it. */
  readonly payloadHash: string;
};

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

export const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex");

const header = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value.join(",") : value;
};

const scope = (credential: string): Omit<Signature, "signedHeaders" | "signature" | "time"> | null => {
  const parts = credential.split("/");
  const [terminator, service, region, date] = parts.toReversed();
  const accessKeyId = parts.slice(0, -4).join("/");
  if (terminator !== "aws4_request" || !service || !region || !date || accessKeyId === "") return null;
  return { accessKeyId, date, region, service };
};

/** Reads the signature of a request: null when it has none, `"malformed"` when it cannot be understood. */
export const readSignature = (headers: IncomingHttpHeaders, url: URL): Signature | "malformed" | null => {
  const authorization = headers.authorization;
  const query = url.searchParams;
  if (authorization?.startsWith("AWS4-HMAC-SHA256")) {
    const fields = new Map(
      authorization
        .slice("AWS4-HMAC-SHA256".length)
        .split(",")
        .map((part) => {
          const [name = "", ...rest] = part.trim().split("=");
          return [name, rest.join("=")] as const;
        }),
    );
    const from = scope(fields.get("Credential") ?? "");
    const signature = fields.get("Signature");
    const signed = fields.get("SignedHeaders");
    const time = header(headers, "x-amz-date") ?? isoDate(headers.date);
    if (!from || !signature || !signed || !time) return "malformed";
    const token = header(headers, "x-amz-security-token");
    return { ...from, signature, signedHeaders: signed.split(";"), time, ...(token === undefined ? {} : { token }) };
  }
  if (query.get("X-Amz-Algorithm") !== "AWS4-HMAC-SHA256") {
    return authorization?.startsWith("AWS4") || query.has("X-Amz-Signature") ? "malformed" : null;
  }
  const from = scope(query.get("X-Amz-Credential") ?? "");
  const signature = query.get("X-Amz-Signature");
  const signed = query.get("X-Amz-SignedHeaders");
  const time = query.get("X-Amz-Date");
  const expires = Number(query.get("X-Amz-Expires") ?? "900");
  if (!from || !signature || !signed || !time || !Number.isInteger(expires)) return "malformed";
  const token = query.get("X-Amz-Security-Token");
  return {
    ...from,
    signature,
    signedHeaders: signed.split(";"),
    time,
    expires,
    ...(token === null ? {} : { token }),
  };
};

const isoDate = (date: string | undefined): string | undefined => {
  const time = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(time) ? undefined : `${new Date(time).toISOString().replace(/[-:]/g, "").slice(0, 15)}Z`;
};

/** Milliseconds since the epoch of `YYYYMMDDTHHMMSSZ`; NaN when it is none. */
export const parseTime = (time: string): number =>
  Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));

/** RFC 3986 encoding as SigV4 wants it. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

const canonicalQuery = (query: string): string =>
  query
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const [name = "", ...rest] = part.split("=");
      return [encode(decode(name)), encode(decode(rest.join("=")))] as const;
    })
    .filter(([name]) => name !== "X-Amz-Signature")
    .toSorted(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");

/** S3 signs the path once encoded and as it is; everything else normalises it and encodes it twice. */
const canonicalPath = (path: string, service: string): string => {
  if (service === "s3")
    return path
      .split("/")
      .map((part) => encode(decode(part)))
      .join("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  const normal = `${path.startsWith("/") ? "/" : ""}${parts.join("/")}${parts.length > 0 && path.endsWith("/") ? "/" : ""}`;
  return encode(normal).replace(/%2F/g, "/");
};

const canonicalHeaders = (signed: readonly string[], headers: IncomingHttpHeaders): string =>
  signed.map((name) => `${name}:${(header(headers, name) ?? "").trim().replace(/\s+/g, " ")}\n`).join("");

const keys = new Map<string, Buffer>();

/** The key of one day, region and service; derived once. */
export const signingKey = (secret: string, date: string, region: string, service: string): Buffer => {
  const id = `${secret}/${date}/${region}/${service}`;
  const known = keys.get(id);
  if (known) return known;
  const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), "aws4_request");
  if (keys.size > 10_000) keys.clear();
  keys.set(id, key);
  return key;
};

/** The signature that a holder of `secret` would have written, in hex. */
export const expectedSignature = (secret: string, signature: Signature, request: Signed): string => {
  const canonical = [
    request.method,
    canonicalPath(request.path, signature.service),
    canonicalQuery(request.query),
    canonicalHeaders(signature.signedHeaders, request.headers),
    signature.signedHeaders.join(";"),
    request.payloadHash,
  ].join("\n");
  const { date, region, service, time } = signature;
  const text = ["AWS4-HMAC-SHA256", time, `${date}/${region}/${service}/aws4_request`, sha256(canonical)].join("\n");
  return hmac(signingKey(secret, date, region, service), text).toString("hex");
};

/** Compares in constant time. */
export const same = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
};
