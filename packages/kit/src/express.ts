import type { RequestHandler, Response } from "express";
import { access, type AccessOptions, challenge, problemType } from "./access.ts";
import type { Caller } from "./verify-token.ts";

/** Lets only verified callers pass; `callerOf(response)` has them then. */
export const tenantAccess =
  (options: AccessOptions): RequestHandler =>
  async (request, response, next) => {
    const judged = await access(request.headers.authorization, options);
    if ("caller" in judged) {
      response.locals["caller"] = judged.caller;
      return next();
    }
    const { problem } = judged;
    if (problem.status === 401) response.set(challenge);
    response.status(problem.status).type(problemType).send(JSON.stringify(problem));
  };

/** @throws Error where `tenantAccess` did not come before. */
export const callerOf = ({ locals }: Response): Caller => {
  const caller = locals["caller"] as Caller | undefined;
  if (caller === undefined) throw new Error("No caller: tenantAccess must come before.");
  return caller;
};
