import { wrongChecksum } from "./checksums.ts";
import { dechunk } from "./chunked.ts";
import { refuse } from "./errors.ts";
import { AwsError, type AwsRequest, type Caller } from "./service.ts";
import type { Sessions } from "./sessions.ts";
import { expectedSignature, parseTime, readSignature, same, sha256, type Signature } from "./signature.ts";

const skewMs = 15 * 60 * 1000;
const weekSeconds = 7 * 24 * 3600;

/** A request as its sender meant it: who sent it, and its body without transfer framing. */
export type Authenticated = {
  readonly caller: Caller | undefined;
  readonly body: Buffer;
  readonly headers: AwsRequest["headers"];
};

const checkTime = (request: AwsRequest, signature: Signature, now: number): void => {
  const time = parseTime(signature.time);
  const iso = (ms: number): string => `${new Date(ms).toISOString().replace(/[-:]/g, "").slice(0, 15)}Z`;
  if (Number.isNaN(time)) throw refuse(request, "malformed", "X-Amz-Date must be in the form YYYYMMDDTHHMMSSZ.");
  if (!signature.time.startsWith(signature.date)) {
    throw refuse(
      request,
      "malformed",
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP",
    );
  }
  if (signature.expires !== undefined) {
    if (signature.expires < 0 || signature.expires > weekSeconds) {
      throw refuse(request, "malformed", "X-Amz-Expires must be between 0 and 604800 seconds");
    }
    if (now > time + signature.expires * 1000) throw refuse(request, "expiredUrl", "Request has expired");
    if (time > now + skewMs) throw refuse(request, "expiredUrl", "Request is not valid yet");
    return;
  }
  if (now > time + skewMs) {
    const message = `Signature expired: ${signature.time} is now earlier than ${iso(now - skewMs)} (${iso(now)} - 15 min.)`;
    throw refuse(request, "skewed", message);
  }
  if (time > now + skewMs) {
    const message = `Signature not yet current: ${signature.time} is still later than ${iso(now + skewMs)} (${iso(now)} + 15 min.)`;
    throw refuse(request, "skewed", message);
  }
};

/** What stands for the body in the signature: the header's word, S3's presigned default, or the hash of the body itself. */
const payloadHash = (request: AwsRequest, signature: Signature): string => {
  const sent = request.headers["x-amz-content-sha256"] ?? request.url.searchParams.get("X-Amz-Content-Sha256");
  if (typeof sent === "string") return sent;
  return signature.expires !== undefined && signature.service === "s3" ? "UNSIGNED-PAYLOAD" : sha256(request.body);
};

/**
 * Verifies a request's signature.
 * @param wire the path and query as they came, before any decoding.
 * @throws AwsError in the protocol's own words: unknown key, wrong signature, expired session, skewed clock, altered body.
 */
export const authenticate = (
  request: AwsRequest,
  wire: { readonly path: string; readonly query: string },
  sessions: Sessions,
  now: number = Date.now(),
): Authenticated => {
  const { headers, body } = request;
  const signature = readSignature(headers, request.url);
  if (signature === null) return { caller: undefined, headers, body };
  if (signature === "malformed") throw refuse(request, "malformed", "The signature cannot be understood.");
  const session = sessions.find(signature.accessKeyId);
  if (!session) throw refuse(request, "unknownKey", "The security token included in the request is invalid.");
  if (signature.region !== request.region) {
    const message = `Credential should be scoped to a valid region, not '${signature.region}': this cloud is ${request.region}.`;
    throw refuse(request, signature.service === "s3" ? "malformed" : "signature", message);
  }
  if ((session.token ?? "") !== "" && !same(session.token ?? "", signature.token ?? "")) {
    throw refuse(request, "unknownKey", "The security token included in the request is invalid.");
  }
  const hash = payloadHash(request, signature);
  // HTTP/2 clients sign the host under its name there.
  if (!signature.signedHeaders.some((name) => name === "host" || name === ":authority")) {
    throw refuse(request, "malformed", "The host must be signed.");
  }
  const expected = expectedSignature(session.secret, signature, {
    method: request.method,
    ...wire,
    headers,
    payloadHash: hash,
  });
  if (!same(expected, signature.signature)) {
    const message =
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.";
    throw refuse(request, "signature", message);
  }
  checkTime(request, signature, now);
  if (session.expires !== undefined && now > session.expires) {
    throw refuse(request, "expiredToken", "The security token included in the request is expired");
  }
  return { caller: session.caller, ...unpack(request, hash, signature, session.secret) };
};

const unpack = (
  request: AwsRequest,
  hash: string,
  signature: Signature,
  secret: string,
): { body: Buffer; headers: AwsRequest["headers"] } => {
  let { headers, body } = request;
  if (hash.startsWith("STREAMING-")) {
    const { body: plain, trailers } = dechunk(body, hash, signature, secret);
    const length = headers["x-amz-decoded-content-length"];
    if (length !== undefined && Number(length) !== plain.length) {
      throw new AwsError(
        "IncompleteBody",
        "You did not provide the number of bytes specified by the Content-Length HTTP header.",
        400,
      );
    }
    const encoding = (headers["content-encoding"] ?? "")
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "aws-chunked" && part !== "");
    headers = { ...headers, ...trailers, "content-length": String(plain.length) };
    delete headers["content-encoding"];
    if (encoding.length > 0) headers["content-encoding"] = encoding.join(",");
    body = plain;
  } else if (hash !== "UNSIGNED-PAYLOAD" && !same(hash, sha256(body))) {
    if (request.service !== "s3")
      throw refuse(request, "signature", "The body does not match its x-amz-content-sha256.");
    const message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
    throw new AwsError("XAmzContentSHA256Mismatch", message, 400);
  }
  if (request.service === "s3" && (request.method === "PUT" || request.method === "POST")) {
    const wrong = wrongChecksum(headers, body);
    if (wrong === "content-md5")
      throw new AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.", 400);
    if (wrong !== null)
      throw new AwsError("BadDigest", `The ${wrong} you specified did not match the calculated checksum.`, 400);
  }
  return { body, headers };
};
