import {
  AwsError,
  type AwsRequest,
  type AwsResponse,
  notImplemented,
  type Permission,
  type Service,
} from "../gateway/service.ts";

/** What `{name}` and `{name+}` of a route's path matched, decoded. */
export type PathParams = Readonly<Record<string, string>>;

/** One route of a REST-JSON service. A plain result is written as JSON with status 200; use {@link restReply} for anything else. */
export type RestRoute = {
  /** The API action, such as `SendEmail`: what IAM and the fault rules see. */
  readonly action: string;
  /** The body arrives as the Buffer it is, not parsed as JSON (such as Lambda's payloads). */
  readonly raw?: boolean;
  // oxlint-disable-next-line typescript/no-explicit-any -- each action narrows its own input
  handle(input: any, params: PathParams, request: AwsRequest): Promise<unknown> | unknown;
};

class RestReply {
  readonly response: AwsResponse;
  constructor(response: AwsResponse) {
    this.response = response;
  }
}

/** An answer with its own status or headers. A string or bytes are sent as they are, anything else as JSON; undefined is no body. */
export const restReply = (status: number, body?: unknown, headers: Readonly<Record<string, string>> = {}): unknown => {
  const asIs = typeof body === "string" || body instanceof Uint8Array;
  const type = body === undefined ? {} : { "content-type": "application/json" };
  return new RestReply({
    status,
    headers: { ...type, ...headers },
    ...(body === undefined ? {} : { body: asIs ? body : JSON.stringify(body) }),
  });
};

type Compiled = {
  readonly method: string;
  readonly pattern: RegExp;
  readonly weight: number;
  readonly route: RestRoute;
};

const compile = (key: string, route: RestRoute): Compiled => {
  const space = key.indexOf(" ");
  const path = key.slice(space + 1);
  const pattern = path
    .replace(/[.*?^$()|[\]\\]/g, String.raw`\$&`)
    .replace(/\{(\w+)\+\}/g, "(?<$1>.+)")
    .replace(/\{(\w+)\}/g, "(?<$1>[^/]+)");
  // A literal path wins over one with parameters.
  return { method: key.slice(0, space), pattern: new RegExp(`^${pattern}/?$`), weight: path.split("{").length, route };
};

const parse = (request: AwsRequest): unknown => {
  const text = request.body.toString("utf8");
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw new AwsError("SerializationException", "The request's body is not JSON.", 400);
  }
};

/**
 * A service of the REST-JSON protocol. Routes are keyed by method and path: `"POST /v2/email/outbound-emails"`,
 * `"GET /clusters/{name}"`, `"DELETE /tags/{arn+}"` (`+` spans slashes). Query parameters are in `request.url.searchParams`.
 */
export const restService = (options: {
  name: string;
  routes: Readonly<Record<string, RestRoute>>;
  /** Unsigned requests that this service takes by their path. */
  claims?: (url: URL) => boolean;
  /** What IAM must allow; absent: the gateway's own table. */
  permissions?: (request: AwsRequest) => readonly Permission[];
}): Service => {
  const compiled = Object.entries(options.routes)
    .map(([key, route]) => compile(key, route))
    .toSorted((a, b) => a.weight - b.weight);
  const find = (request: AwsRequest): { route: RestRoute; params: PathParams } | null => {
    for (const { method, pattern, route } of compiled) {
      const match = method === request.method ? pattern.exec(request.url.pathname) : null;
      if (!match) continue;
      const params = Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]);
      return { route, params: Object.fromEntries(params) };
    }
    return null;
  };
  return {
    name: options.name,
    ...(options.claims ? { claims: options.claims } : {}),
    ...(options.permissions ? { permissions: options.permissions } : {}),
    action: (request) => find(request)?.route.action ?? null,
    async handle(request) {
      try {
        const found = find(request);
        if (!found) throw notImplemented(options.name, `${request.method} ${request.url.pathname}`);
        const input = found.route.raw ? request.body : parse(request);
        const result = await found.route.handle(input, found.params, request);
        if (result instanceof RestReply) return result.response;
        return { status: 200, headers: { "content-type": "application/json" }, body: JSON.stringify(result ?? {}) };
      } catch (error) {
        return restError(error);
      }
    },
  };
};

/** An error as REST-JSON writes it: the code in `x-amzn-errortype`, the message in the body. */
export const restError = (error: unknown): AwsResponse => {
  const known = error instanceof AwsError ? error : new AwsError("InternalFailure", String(error), 500);
  return {
    status: known.status,
    headers: { "content-type": "application/json", "x-amzn-errortype": known.code },
    body: JSON.stringify({ message: known.message, Message: known.message, ...known.fields }),
  };
};
