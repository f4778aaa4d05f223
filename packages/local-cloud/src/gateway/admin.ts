import { restError } from "../protocols/rest.ts";
import { type Faults, parseFaultRule } from "./faults.ts";
import { AwsError, type AwsRequest, type AwsResponse } from "./service.ts";

const reply = (status: number, body: unknown): AwsResponse => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

/** `POST /_faults` adds a rule, `GET` lists them with their hits, `DELETE` clears them. For the operator's keys only. */
export const faultsAdmin = (request: AwsRequest, faults: Faults): AwsResponse => {
  if (!request.caller || request.caller.role !== undefined) {
    return restError(new AwsError("AccessDeniedException", "Faults are the operator's to inject.", 403));
  }
  try {
    switch (request.method) {
      case "POST":
        faults.add(parseFaultRule(JSON.parse(request.body.toString("utf8"))));
        return reply(201, { faults: faults.list() });
      case "GET":
        return reply(200, { faults: faults.list() });
      case "DELETE":
        faults.clear();
        return reply(200, { faults: [] });
      default:
        return reply(405, { message: "POST, GET or DELETE." });
    }
  } catch (error) {
    return restError(
      error instanceof SyntaxError ? new AwsError("ValidationException", "The rule is not JSON.") : error,
    );
  }
};
