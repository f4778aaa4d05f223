import { restError } from "../protocols/rest.ts";
import type { Calls } from "./calls.ts";
import { type Faults, parseFaultRule } from "./faults.ts";
import { AwsError, type AwsRequest, type AwsResponse } from "./service.ts";

const reply = (status: number, body: unknown): AwsResponse => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

/** `POST /_calls` begins to write down what functions call, `GET ?match=` lists it, `DELETE` ends it. For the operator's keys only. */
export const callsAdmin = (request: AwsRequest, calls: Calls): AwsResponse => {
  if (!request.caller || request.caller.role !== undefined) {
    return restError(new AwsError("AccessDeniedException", "Calls are the operator's to see.", 403));
  }
  switch (request.method) {
    case "POST":
      calls.start();
      return reply(201, { calls: [] });
    case "GET":
      return reply(200, { calls: calls.list(request.url.searchParams.get("match") ?? "") });
    case "DELETE":
      calls.stop();
      return reply(200, { calls: [] });
    default:
      return reply(405, { message: "POST, GET or DELETE." });
  }
};

/** `GET /_permissions` tells what each role has used of what it may. For the operator's keys only. */
export const permissionsAdmin = (
  request: AwsRequest,
  used: Readonly<Record<string, readonly string[]>>,
): AwsResponse => {
  if (!request.caller || request.caller.role !== undefined) {
    return restError(new AwsError("AccessDeniedException", "Permissions are the operator's to see.", 403));
  }
  return request.method === "GET" ? reply(200, { used }) : reply(405, { message: "GET." });
};

/**
 * `POST /_faults` adds a rule or a list of them, `GET` lists them with their hits, `DELETE` clears them; with
 * `?invocation=` only those that name the text. For the operator's keys only.
 */
export const faultsAdmin = (request: AwsRequest, faults: Faults): AwsResponse => {
  if (!request.caller || request.caller.role !== undefined) {
    return restError(new AwsError("AccessDeniedException", "Faults are the operator's to inject.", 403));
  }
  const invocation = request.url.searchParams.get("invocation") ?? undefined;
  try {
    switch (request.method) {
      case "POST":
        // All of a list are there before a request meets the first.
        for (const rule of [JSON.parse(request.body.toString("utf8"))].flat().map(parseFaultRule)) faults.add(rule);
        return reply(201, {});
      case "GET":
        return reply(200, { faults: faults.list(invocation) });
      case "DELETE":
        faults.clear(invocation);
        return reply(200, {});
      default:
        return reply(405, { message: "POST, GET or DELETE." });
    }
  } catch (error) {
    return restError(
      error instanceof SyntaxError ? new AwsError("ValidationException", "The rule is not JSON.") : error,
    );
  }
};
