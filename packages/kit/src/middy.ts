import type { MiddlewareObj } from "@middy/core";
import { access, type AccessOptions, challenge, problemType } from "./access.ts";
import type { Caller } from "./verify-token.ts";

type HttpEvent = { readonly headers: Readonly<Record<string, string | undefined>>; caller?: Caller };
type HttpResult = { statusCode: number; headers?: Record<string, string>; body: string };

/** Header names come as the client wrote them (REST API) or in lower case (HTTP API). */
const authorization = (headers: HttpEvent["headers"]): string | undefined =>
  Object.entries(headers).find(([name]) => name.toLowerCase() === "authorization")?.[1];

/** Lets only verified callers pass to a Lambda behind API Gateway; `event.caller` has them then. */
export const tenantAccess = (options: AccessOptions): MiddlewareObj<HttpEvent, HttpResult> => ({
  before: async ({ event }) => {
    const judged = await access(authorization(event.headers), options);
    if ("caller" in judged) {
      event.caller = judged.caller;
      return undefined;
    }
    const { problem } = judged;
    return {
      statusCode: problem.status,
      headers: { "content-type": problemType, ...(problem.status === 401 && challenge) },
      body: JSON.stringify(problem),
    };
  },
});
