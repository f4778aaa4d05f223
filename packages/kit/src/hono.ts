import type { MiddlewareHandler } from "hono";
import { access, type AccessOptions, challenge, problemType } from "./access.ts";
import type { Caller } from "./verify-token.ts";

/** Lets only verified callers pass; `context.get("caller")` has them then. */
export const tenantAccess =
  (options: AccessOptions): MiddlewareHandler<{ Variables: { caller: Caller } }> =>
  async (context, next) => {
    const judged = await access(context.req.header("authorization"), options);
    if ("caller" in judged) {
      context.set("caller", judged.caller);
      await next();
      return undefined;
    }
    const { problem } = judged;
    return context.body(JSON.stringify(problem), problem.status, {
      "content-type": problemType,
      ...(problem.status === 401 && challenge),
    });
  };
