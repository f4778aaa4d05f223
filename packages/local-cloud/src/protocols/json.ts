import { AwsError, type AwsRequest, type AwsResponse, notImplemented, type Service } from "../gateway/service.ts";

/** One action of a service that speaks AWS JSON. Input arrives parsed; the result is written as the response. */
// oxlint-disable-next-line typescript/no-explicit-any -- each action narrows its own input
export type JsonAction = (input: any, request: AwsRequest) => Promise<unknown> | unknown;

const parse = (text: string): unknown => {
  try {
    return text === "" ? {} : JSON.parse(text);
  } catch {
    throw new AwsError("SerializationException", "The request's body is not JSON.", 400);
  }
};

/** A service of the AWS JSON protocol: the action stands in `X-Amz-Target: <prefix>.<Action>`. */
export const jsonService = (options: {
  name: string;
  target: string;
  version: "1.0" | "1.1";
  actions: Readonly<Record<string, JsonAction>>;
  /** Unsigned requests without a target that this service takes by their path. */
  claims?: (url: URL) => boolean;
}): Service => {
  const contentType = `application/x-amz-json-${options.version}`;
  const reply = (status: number, value: unknown): AwsResponse => ({
    status,
    headers: { "content-type": contentType },
    body: JSON.stringify(value ?? {}),
  });
  const action = (request: AwsRequest): string | null => {
    const target = String(request.headers["x-amz-target"] ?? "");
    return target.startsWith(`${options.target}.`) ? target.slice(options.target.length + 1) : null;
  };
  return {
    name: options.name,
    target: options.target,
    ...(options.claims ? { claims: options.claims } : {}),
    action,
    async handle(request) {
      try {
        const name = action(request);
        const run = name === null || !Object.hasOwn(options.actions, name) ? undefined : options.actions[name];
        if (!run) throw notImplemented(options.name, name);
        const text = request.body.toString("utf8");
        return reply(200, await run(parse(text), request));
      } catch (error) {
        const known = error instanceof AwsError ? error : new AwsError("InternalFailure", String(error), 500);
        return reply(known.status, { __type: known.code, message: known.message, ...known.fields });
      }
    },
  };
};
