import { allStates, type Json } from "@tenantry/local-cloud/services/states/asl";
import { Failure } from "@tenantry/local-cloud/services/states/failure";
import { interpret } from "@tenantry/local-cloud/services/states/interpreter";
import { parseDefinition } from "@tenantry/local-cloud/services/states/validate";
import { expect, test } from "vitest";
import { rebuildUsage } from "./rebuild-usage.ts";

const machine = rebuildUsage("arn:aws:lambda:us-east-1:123456789012:function:rebuild-usage");
const job = { tenant_id: "ten_01JD00000000000000000000AA", from: "2026-11-01T00:00:00Z", to: "2026-11-03T00:00:00Z" };

/** Runs the machine; each answer is a job as the function leaves it, or what it throws. */
const run = async (...answers: readonly (Json | Failure)[]) => {
  const calls: Json[] = [];
  const definition = parseDefinition(JSON.stringify(machine));
  for (const [, state] of allStates(definition)) for (const retry of state.Retry ?? []) retry.IntervalSeconds = 0.001;
  const integrate = async (_resource: unknown, parameters: Json): Promise<Json> => {
    calls.push((parameters as { Payload: Json }).Payload);
    const answer = answers[calls.length - 1];
    if (answer === undefined) throw new Error("It asks once too often.");
    if (answer instanceof Failure) throw answer;
    return { StatusCode: 200, Payload: answer };
  };
  const { signal } = new AbortController();
  const outcome = await interpret(
    definition,
    job,
    { context: { Execution: { Name: "run-1" } }, region: "us-east-1", record: () => 1, integrate, signal },
    0,
  ).then(
    ({ output }) => ({ output, error: undefined, cause: undefined }),
    ({ error, failureCause }: Failure) => ({ output: undefined, error, cause: failureCause }),
  );
  return { ...outcome, calls };
};

test("goes on until the range is done, and succeeds when all is equal", async () => {
  const half = { ...job, next: "2026-11-02T00:00:00Z", differences: 0 };
  const done = { ...job, next: null, differences: 0 };
  const { output, calls } = await run(half, new Failure("Lambda.Unknown", "died"), done);
  expect(output).toEqual(done);
  expect(calls).toEqual([
    { job, run: "run-1" },
    { job: half, run: "run-1" },
    { job: half, run: "run-1" },
  ]);
});

test("fails when anything differs, and says what", async () => {
  const done = { ...job, next: null, differences: 2, reports: ["s3://bucket/report.json"] };
  const { error, cause } = await run(done);
  expect(error).toBe("UsageDiffers");
  expect(JSON.parse(cause ?? "")).toEqual(done);
});

test("stands as reviewed", () =>
  expect(JSON.stringify(machine, null, 2)).toMatchFileSnapshot("./__snapshots__/rebuild-usage.asl.json"));
