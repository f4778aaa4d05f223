import { Problem } from "@tenantry/core/problem";
import { ProvisioningError, TransientError } from "@tenantry/core/provisioning/errors";
import { describe, expect, test } from "vitest";
import { isTransient, stepErrorOf, taskError } from "./failure.ts";

/** An error as the AWS SDK, `pg` or an HTTP client throws it. */
const like = (name: string, fields: object = {}, message = "m"): Error =>
  Object.assign(new Error(message), { name }, fields);

const aws = (name: string, httpStatusCode: number, fields: object = {}) =>
  like(name, { $metadata: { httpStatusCode }, ...fields });

describe("what another try may mend is retried", () => {
  test.for([
    ["our own", new TransientError("m")],
    ["a throttle by name", aws("ThrottlingException", 400)],
    ["a throttle by status", aws("Anything", 429)],
    ["DynamoDB's throttle", aws("ProvisionedThroughputExceededException", 400)],
    ["a 5xx", aws("InternalServerError", 500)],
    ["what the SDK itself would retry", aws("Odd", 400, { $retryable: { throttling: false } })],
    [
      "a transaction that met another",
      aws("TransactionCanceledException", 400, {
        CancellationReasons: [{ Code: "None" }, { Code: "TransactionConflict" }],
      }),
    ],
    ["a lost connection", like("Error", { code: "ECONNRESET" })],
    ["a name that did not resolve for now", like("Error", { code: "EAI_AGAIN" })],
    [
      "several addresses that all refused",
      Object.assign(new AggregateError([like("Error", { code: "ECONNREFUSED" })]), {}),
    ],
    ["a timeout of the SDK's", like("TimeoutError")],
    ["PostgreSQL out of connections", like("error", { code: "53300" })],
    ["PostgreSQL starting up", like("error", { code: "57P03" })],
    ["a statement that took too long", like("error", { code: "57014" })],
    ["a connection pg lost", like("Error", {}, "Connection terminated unexpectedly")],
    ["a busy Kubernetes", like("TooManyRequests", { code: 429 })],
    ["a Kubernetes without its etcd", like("InternalError", { code: 500 })],
    ["a problem that says so", new Problem("unavailable", "m")],
    ["one whose cause is", new Error("outer", { cause: like("Error", { code: "EPIPE" }) })],
  ] as const)("%s", ([, error]) => {
    expect(isTransient(error)).toBe(true);
    expect(taskError("ProvisionStorage", error).name).toBe("TransientError");
  });
});

describe("what stays wrong fails at once", () => {
  test.for([
    ["our own", new ProvisioningError("NameTaken", "m"), "NameTaken"],
    ["a permission", aws("AccessDeniedException", 403), "AccessDeniedException"],
    ["a validation", aws("ValidationException", 400), "ValidationException"],
    ["an action that does not exist", aws("NotImplemented", 501), "NotImplemented"],
    [
      "an unmet condition",
      aws("TransactionCanceledException", 400, { CancellationReasons: [{ Code: "ConditionalCheckFailed" }] }),
      "TransactionCanceledException",
    ],
    ["SQL's syntax", like("error", { code: "42601" }), "error"],
    ["a wrong password", like("error", { code: "28P01" }), "error"],
    ["Kubernetes' refusal", like("Forbidden", { code: 403 }), "Forbidden"],
    ["a slip in the code", new TypeError("m"), "TypeError"],
    ["a problem", new Problem("tenant-not-found", "m"), "tenant-not-found"],
  ] as const)("%s", ([, error, name]) => {
    expect(isTransient(error)).toBe(false);
    expect(taskError("ProvisionStorage", error).name).toBe(name);
  });

  test.for([undefined, null, "text", 5, {}])("%o, which is no error", (thrown) => {
    expect(isTransient(thrown)).toBe(false);
    expect(stepErrorOf(thrown).code).toBe("Error");
  });
});

test("the error names the step and keeps the reason", () => {
  const error = taskError("ProvisionDatabase", aws("ThrottlingException", 400));
  expect(error).toMatchObject({ name: "TransientError", message: "ProvisionDatabase: m" });
  expect(stepErrorOf(error.cause)).toEqual({ code: "ThrottlingException", message: "m" });
});

test("a reason fits on one line of an operation", () => {
  const { message } = stepErrorOf(new Error(`first\n  second\t${"x".repeat(5000)}`));
  expect(message.startsWith("first second x")).toBe(true);
  expect(message.length).toBeLessThanOrEqual(1000);
});
