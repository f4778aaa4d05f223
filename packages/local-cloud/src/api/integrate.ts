import type { Host, Invocation } from "../part.ts";
import { AwsError } from "../gateway/service.ts";
import type { Authorized } from "./authorize.ts";
import { requestEvent, type Routed } from "./event.ts";
import type { Integration } from "./model.ts";
import { GatewayError, type Reply } from "./responses.ts";

type ProxyResponse = {
  readonly statusCode?: unknown;
  readonly headers?: unknown;
  readonly multiValueHeaders?: unknown;
  readonly body?: unknown;
  readonly isBase64Encoded?: unknown;
};

/** API Gateway answers these itself and passes a function's own on under another name, or not at all. */
const remapped = new Set(["connection", "content-length", "date", "host", "server", "trailer", "www-authenticate"]);
const dropped = new Set(["transfer-encoding", "keep-alive", "upgrade"]);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a media type is among the API's binary ones: exact, of a kind (`image/*`), or any. */
const isBinary = (types: readonly string[], media: string | undefined): boolean => {
  const plain = media?.split(/[;,]/)[0]?.trim().toLowerCase();
  if (plain === undefined || plain === "") return types.includes("*/*");
  return types.some(
    (type) => type === "*/*" || type === plain || (type.endsWith("/*") && plain.startsWith(type.slice(0, -1))),
  );
};

const headersOf = (response: ProxyResponse): [string, string][] | null => {
  const pairs: [string, string][] = [];
  const multi = response.multiValueHeaders ?? {};
  const single = response.headers ?? {};
  if (!isRecord(multi) || !isRecord(single)) return null;
  for (const [name, values] of Object.entries(multi)) {
    if (!Array.isArray(values)) return null;
    for (const value of values) pairs.push([name, String(value)]);
  }
  const named = new Set(pairs.map(([name]) => name.toLowerCase()));
  for (const [name, value] of Object.entries(single)) {
    if (value === null || value === undefined) continue;
    if (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean") return null;
    // A name in both is taken from the many.
    if (!named.has(name.toLowerCase())) pairs.push([name, String(value)]);
  }
  return pairs
    .filter(([name]) => !dropped.has(name.toLowerCase()))
    .map(([name, value]) => (remapped.has(name.toLowerCase()) ? [`x-amzn-Remapped-${name}`, value] : [name, value]));
};

/** The answer of a proxy integration's function; null when it is malformed. */
const replyOf = (payload: unknown, routed: Routed): Reply | null => {
  if (!isRecord(payload)) return null;
  const response: ProxyResponse = payload;
  const status = Number(response.statusCode);
  if (
    !["number", "string"].includes(typeof response.statusCode) ||
    !Number.isInteger(status) ||
    status < 100 ||
    status > 599
  ) {
    return null;
  }
  const headers = headersOf(response);
  const body = response.body ?? "";
  if (headers === null || typeof body !== "string") return null;
  if (!headers.some(([name]) => name.toLowerCase() === "content-type"))
    headers.push(["content-type", "application/json"]);
  const decode =
    response.isBase64Encoded === true && isBinary(routed.api.binaryMediaTypes, routed.request.lowHeaders["accept"]);
  return { status, headers, body: decode ? Buffer.from(body, "base64") : body };
};

const proxyEvent = (host: Host, routed: Routed, body: Buffer, authorized: Authorized | undefined) => {
  const binary = isBinary(routed.api.binaryMediaTypes, routed.request.lowHeaders["content-type"]);
  return {
    ...requestEvent(host, routed, authorized),
    body: body.length === 0 ? null : body.toString(binary ? "base64" : "utf8"),
    isBase64Encoded: body.length > 0 && binary,
  };
};

const invoke = async (host: Host, functionArn: string, event: unknown, timeout: number): Promise<Invocation> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new GatewayError("INTEGRATION_TIMEOUT")), timeout);
  try {
    return await Promise.race([host.invoke(functionArn, event), late.promise]);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    host.log(`api: ${functionArn} could not be run: ${String(error)}`);
    if (error instanceof AwsError && error.status === 413) throw new GatewayError("REQUEST_TOO_LARGE");
    // A function that is throttled or missing is one more internal error to the client.
    throw new GatewayError("DEFAULT_5XX", { status: 500 });
  } finally {
    clearTimeout(timer);
  }
};

/**
 * Runs a method's integration.
 * @throws GatewayError when the function fails, answers something malformed (both 502), or takes too long (504).
 */
export const integrate = async (
  host: Host,
  integration: Integration,
  routed: Routed,
  body: Buffer,
  authorized: Authorized | undefined,
): Promise<Reply> => {
  if (integration.type === "MOCK") {
    return { status: integration.status, headers: Object.entries(integration.headers), body: integration.body };
  }
  const event = proxyEvent(host, routed, body, authorized);
  const { payload, error } = await invoke(host, integration.functionArn, event, integration.timeout);
  if (error) throw new GatewayError("DEFAULT_5XX");
  const reply = replyOf(payload, routed);
  if (reply) return reply;
  host.log(
    `api: ${integration.functionArn} answered a malformed proxy response to ${routed.request.method} ${routed.resource.path}`,
  );
  throw new GatewayError("DEFAULT_5XX");
};
