import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { GatewayError } from "./responses.ts";

/** API Gateway's limit of a request body. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024;

/** A request as it came in, before any route is known. */
export type ApiRequest = {
  readonly id: string;
  /** `x-amz-apigw-id`. */
  readonly extendedId: string;
  readonly traceId: string;
  readonly at: Date;
  readonly method: string;
  /** Raw, as sent, without the query. */
  readonly path: string;
  readonly sourceIp: string;
  readonly protocol: string;
  /** In the client's own spelling, the last value of each. */
  readonly headers: Readonly<Record<string, string>>;
  readonly multiHeaders: Readonly<Record<string, string[]>>;
  /** Lower-case names, the last value of each. */
  readonly lowHeaders: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>> | null;
  readonly multiQuery: Readonly<Record<string, string[]>> | null;
};

/** A record that a name out of a request cannot do harm to. */
const bare = <T>(): Record<string, T> => Object.create(null) as Record<string, T>;

const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const headersOf = (pairs: readonly (readonly [string, string])[]) => {
  const [headers, multiHeaders, lowHeaders] = [bare<string>(), bare<string[]>(), bare<string>()];
  for (const [name, value] of pairs) {
    headers[name] = value;
    (multiHeaders[name] ??= []).push(value);
    lowHeaders[name.toLowerCase()] = value;
  }
  return { headers, multiHeaders, lowHeaders };
};

const queryOf = (search: string): Pick<ApiRequest, "query" | "multiQuery"> => {
  if (search === "") return { query: null, multiQuery: null };
  const [query, multiQuery] = [bare<string>(), bare<string[]>()];
  for (const [name, value] of new URLSearchParams(search)) {
    query[name] = value;
    (multiQuery[name] ??= []).push(value);
  }
  return { query, multiQuery };
};

/** Reads what is known before the body arrives. */
export const readHead = (message: IncomingMessage): ApiRequest => {
  const target = message.url ?? "/";
  const mark = target.indexOf("?");
  const path = mark === -1 ? target : target.slice(0, mark);
  const pairs: [string, string][] = [];
  for (let index = 0; index < message.rawHeaders.length; index += 2) {
    const name = message.rawHeaders[index] ?? "";
    if (!hopByHop.has(name.toLowerCase())) pairs.push([name, message.rawHeaders[index + 1] ?? ""]);
  }
  const sourceIp = (message.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  const at = new Date();
  const traceId = `Root=1-${Math.floor(at.getTime() / 1000).toString(16)}-${randomBytes(12).toString("hex")}`;
  const forwarded = [message.headers["x-forwarded-for"] ?? [], sourceIp].flat().join(", ");
  const added: [string, string][] = [
    ["X-Amzn-Trace-Id", traceId],
    ["X-Forwarded-For", forwarded],
    ["X-Forwarded-Port", String(message.socket.localPort ?? 80)],
    ["X-Forwarded-Proto", "http"],
  ];
  const names = new Set(added.map(([name]) => name.toLowerCase()));
  return {
    id: randomUUID(),
    extendedId: `${randomBytes(11).toString("base64url")}=`,
    traceId,
    at,
    method: message.method ?? "GET",
    path,
    sourceIp,
    protocol: `HTTP/${message.httpVersion}`,
    ...headersOf([...pairs.filter(([name]) => !names.has(name.toLowerCase())), ...added]),
    ...queryOf(mark === -1 ? "" : target.slice(mark + 1)),
  };
};

/** What is read of a refused body and thrown away, so that its sender hears the answer instead of a broken connection. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024;

/** Reads the rest of a request into nothing; ends the connection when there is no end to it. */
export const discardBody = (message: IncomingMessage): void => {
  let discarded = 0;
  message.on("data", (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > MAX_DISCARDED_BYTES) message.socket.destroy();
  });
};

/** @throws GatewayError `REQUEST_TOO_LARGE`, at once where the length was announced. */
export const readBody = (message: IncomingMessage): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const tooLarge = (): void =>
      reject(new GatewayError("REQUEST_TOO_LARGE", { said: `HTTP content length exceeded ${MAX_BODY_BYTES} bytes.` }));
    if (Number(message.headers["content-length"] ?? 0) > MAX_BODY_BYTES) {
      tooLarge();
      return;
    }
    let chunks: Buffer[] = [];
    let size = 0;
    message.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else {
        chunks = [];
        tooLarge();
      }
    });
    message.on("end", () => resolve(Buffer.concat(chunks)));
    message.on("error", reject);
    message.on("close", () => {
      if (!message.readableEnded) reject(new Error("The request ended before its body did."));
    });
  });
