/** What API Gateway itself answers, by type: the status, and the words of `$context.error.message`. */
const defaults = {
  ACCESS_DENIED: [403, "User is not authorized to access this resource"],
  API_CONFIGURATION_ERROR: [500, "Internal server error"],
  AUTHORIZER_CONFIGURATION_ERROR: [500, null],
  AUTHORIZER_FAILURE: [500, null],
  BAD_REQUEST_BODY: [400, "Invalid request body"],
  BAD_REQUEST_PARAMETERS: [400, "Missing required request parameters"],
  /** A Lambda that failed or answered something malformed has no type of its own: only DEFAULT_5XX speaks for it. */
  DEFAULT_5XX: [502, "Internal server error"],
  DEFAULT_4XX: [400, "Bad Request"],
  INTEGRATION_FAILURE: [504, "Internal server error"],
  INTEGRATION_TIMEOUT: [504, "Endpoint request timed out"],
  INVALID_API_KEY: [403, "Forbidden"],
  MISSING_AUTHENTICATION_TOKEN: [403, "Missing Authentication Token"],
  QUOTA_EXCEEDED: [429, "Limit Exceeded"],
  REQUEST_TOO_LARGE: [413, "Request Too Long"],
  THROTTLED: [429, "Too Many Requests"],
  UNAUTHORIZED: [401, "Unauthorized"],
  UNSUPPORTED_MEDIA_TYPE: [415, "Unsupported Media Type"],
} as const satisfies Record<string, readonly [number, string | null]>;

export type ResponseType = keyof typeof defaults;

/** One `aws:apigateway/response:Response`. */
export type GatewayResponse = {
  readonly responseType: string;
  readonly statusCode?: string;
  readonly responseParameters?: Readonly<Record<string, string>>;
  readonly responseTemplates?: Readonly<Record<string, string>>;
};

/** Ends a request with a gateway response. */
export class GatewayError extends Error {
  readonly type: ResponseType;
  readonly status: number;
  readonly said: string | null;
  constructor(type: ResponseType, options: { said?: string; status?: number } = {}) {
    const [status, said] = defaults[type];
    super(options.said ?? said ?? type);
    this.type = type;
    this.status = options.status ?? status;
    this.said = options.said ?? said;
  }
}

/** What templates and parameters can refer to: `$context.…` and `method.request.…`. */
export type Variables = {
  readonly context: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly path: Readonly<Record<string, string>>;
};

export type Reply = {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string | Buffer;
};

export const emptyVariables: Variables = { context: {}, headers: {}, query: {}, path: {} };

export const atPath = (value: unknown, path: string): unknown =>
  path
    .split(".")
    .reduce<unknown>((found, part) => (found as Record<string, unknown> | null | undefined)?.[part], value);

/** Simple variables are all that a gateway response's template has. Their values cannot break the JSON they stand in. */
const render = (template: string, context: unknown): string =>
  template.replace(
    /\$(?:\{context\.([\w.-]+)\}|context\.([\w-]+(?:\.[\w-]+)*))/g,
    (_, braced?: string, bare?: string) => {
      const name = braced ?? bare ?? "";
      const value = atPath(context, name);
      if (name === "error.messageString") return value === null || value === undefined ? "null" : JSON.stringify(value);
      if (value === null || value === undefined) return "";
      return JSON.stringify(typeof value === "string" ? value : JSON.stringify(value)).slice(1, -1);
    },
  );

/** `'text'`, `context.…` or `method.request.{header,querystring,path}.…`. */
const parameter = (expression: string, variables: Variables): string | undefined => {
  const literal = /^'(.*)'$/s.exec(expression)?.[1];
  if (literal !== undefined) return literal;
  if (expression.startsWith("context.")) {
    const value = atPath(variables.context, expression.slice(8));
    if (value === undefined || value === null) return undefined;
    return typeof value === "string" ? value : JSON.stringify(value);
  }
  const [, kind, name = ""] = /^method\.request\.(header|querystring|path)\.(.+)$/.exec(expression) ?? [];
  if (kind === "header") return variables.headers[name.toLowerCase()];
  if (kind === "querystring") return variables.query[name];
  return kind === "path" ? variables.path[name] : undefined;
};

const errorType: Partial<Record<ResponseType, string>> = {
  MISSING_AUTHENTICATION_TOKEN: "MissingAuthenticationTokenException",
  UNAUTHORIZED: "UnauthorizedException",
  ACCESS_DENIED: "AccessDeniedException",
  INVALID_API_KEY: "ForbiddenException",
  REQUEST_TOO_LARGE: "RequestTooLargeException",
  QUOTA_EXCEEDED: "LimitExceededException",
  THROTTLED: "TooManyRequestsException",
  BAD_REQUEST_BODY: "BadRequestException",
  BAD_REQUEST_PARAMETERS: "BadRequestException",
};

/** Writes an error as the API's gateway responses say: the one of its type, or that of its class, or API Gateway's own. */
export const renderError = (
  responses: ReadonlyMap<string, GatewayResponse>,
  error: GatewayError,
  variables: Variables,
): Reply => {
  const response = responses.get(error.type) ?? responses.get(error.status < 500 ? "DEFAULT_4XX" : "DEFAULT_5XX");
  const status = Number(response?.statusCode ?? error.status);
  const details = { message: error.said, messageString: error.said, responseType: error.type };
  const context = { ...variables.context, status, error: details };
  const templates = Object.entries(response?.responseTemplates ?? {});
  const [type, template] = templates.find(([media]) => media === "application/json") ??
    templates[0] ?? ["application/json", '{"message":$context.error.messageString}'];
  const headers = new Map<string, readonly [string, string]>([
    ["content-type", ["content-type", type]],
    ["x-amzn-errortype", ["x-amzn-ErrorType", errorType[error.type] ?? "InternalServerErrorException"]],
  ]);
  for (const [target, expression] of Object.entries(response?.responseParameters ?? {})) {
    const name = /^gatewayresponse\.header\.(.+)$/.exec(target)?.[1];
    const value = parameter(expression, { ...variables, context });
    if (name !== undefined && value !== undefined) headers.set(name.toLowerCase(), [name, value]);
  }
  return { status, headers: [...headers.values()], body: render(template, context) };
};
