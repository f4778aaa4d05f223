import { newOnboarding, pendingCompensation } from "@tenantry/core/operation/begin";
import { memory } from "@tenantry/core/testing/memory";
import { memoryOperations } from "@tenantry/core/testing/memory-operations";
import { ProvisioningError } from "@tenantry/core/provisioning/errors";
import type { TaskRun } from "@tenantry/core/provisioning/ports";
import type { Context } from "aws-lambda";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { task } from "./task.ts";

const operation_id = "op_01JD00000000000000000000AA";
const tenant_id = "ten_01JD00000000000000000000AA";
const context = { awsRequestId: "req-1", getRemainingTimeInMillis: () => 60_000 } as Context;
const at = "2026-11-20T13:45:12.123Z";

const payload = (step: string, more: object = {}) => ({ operation_id, tenant_id, step, attempt: 0, ...more });

const setUp = () => {
  const state = memory();
  state.operations.set(operation_id, newOnboarding(operation_id, tenant_id, at));
  const ports = { operations: memoryOperations(state), clock: () => new Date(at) };
  const step = (name: string) => state.operations.get(operation_id)!.steps.find((each) => each.name === name);
  return { ports, state, step };
};

let lines: Record<string, unknown>[] = [];
beforeEach(() => {
  lines = [];
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    lines.push(JSON.parse(String(text)) as Record<string, unknown>);
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

test("a step is running while the verb works and has succeeded after it", async () => {
  const { ports, step, state } = setUp();
  const seen: unknown[] = [];
  const handler = task("ValidateTenant", ports, async (run: TaskRun) => {
    seen.push(run, step("ValidateTenant")?.status, state.operations.get(operation_id)?.status);
  });
  await handler(payload("ValidateTenant"), context);
  expect(seen).toEqual([
    { operationId: operation_id, tenantId: tenant_id, requestId: "req-1", failure: undefined },
    "running",
    "running",
  ]);
  expect(step("ValidateTenant")).toMatchObject({ status: "succeeded", attempts: 1, started_at: at, ended_at: at });
  expect(lines).toEqual([
    expect.objectContaining({
      level: "info",
      message: "step succeeded",
      request_id: "req-1",
      tenant_id,
      operation: operation_id,
      step: "ValidateTenant",
      attempt: 0,
      duration_ms: expect.any(Number),
    }),
  ]);
});

test("a failure is in the operation, in the log and in what the state machine gets", async () => {
  const { ports, step } = setUp();
  const handler = task("ProvisionDatabase", ports, async () => {
    throw new ProvisioningError("NameTaken", "The role tenant_acme exists.");
  });
  await expect(handler(payload("ProvisionDatabase", { attempt: 2 }), context)).rejects.toMatchObject({
    name: "NameTaken",
    message: "ProvisionDatabase: The role tenant_acme exists.",
  });
  expect(step("ProvisionDatabase")).toMatchObject({
    status: "failed",
    error: { code: "NameTaken", message: "The role tenant_acme exists." },
  });
  expect(lines).toEqual([
    expect.objectContaining({ level: "error", message: "step failed", attempt: 2, retryable: false, tenant_id }),
  ]);
});

test("a passing fault goes out as TransientError and the next attempt counts on", async () => {
  const { ports, step } = setUp();
  let calls = 0;
  const handler = task("ProvisionStorage", ports, async () => {
    calls += 1;
    if (calls === 1) throw Object.assign(new Error("Reduce your rate."), { name: "SlowDown" });
  });
  await expect(handler(payload("ProvisionStorage"), context)).rejects.toMatchObject({ name: "TransientError" });
  expect(step("ProvisionStorage")).toMatchObject({ status: "failed", error: { code: "SlowDown" } });
  await handler(payload("ProvisionStorage", { attempt: 1 }), context);
  expect(step("ProvisionStorage")).toMatchObject({ status: "succeeded", attempts: 2, error: null });
});

test("a step that has succeeded is not run again, and a late run takes nothing back", async () => {
  const { ports, step } = setUp();
  const verb = vi.fn<() => Promise<void>>(async () => {
    if (verb.mock.calls.length > 1) throw new Error("It is not as it was.");
  });
  const handler = task("ProvisionStorage", ports, verb);
  await handler(payload("ProvisionStorage"), context);
  const before = step("ProvisionStorage");
  expect(await handler(payload("ProvisionStorage", { attempt: 1 }), context)).toBeUndefined();
  expect(verb).toHaveBeenCalledOnce();
  expect(step("ProvisionStorage")).toEqual(before);
  expect(lines.at(-1)).toMatchObject({ level: "info", message: "step succeeded before", step: "ProvisionStorage" });
});

test("a straggler of an operation that has ended does nothing", async () => {
  const { ports, state } = setUp();
  const operation = state.operations.get(operation_id)!;
  await ports.operations.move(operation, { to: "failed", at, endedAt: at });
  const verb = vi.fn<() => Promise<void>>();
  await expect(task("ProvisionStorage", ports, verb)(payload("ProvisionStorage"), context)).rejects.toMatchObject({
    name: "state-conflict",
  });
  expect(verb).not.toHaveBeenCalled();
});

test("a release waits for what is still in flight", async () => {
  const { ports, state } = setUp();
  const flight = { id: "req-0", execution: operation_id, deadline: "2026-11-20T13:46:00.000Z" };
  await ports.operations.startStep(operation_id, "ProvisionStorage", at, flight);
  const operation = state.operations.get(operation_id)!;
  await ports.operations.move(operation, { to: "compensating", at, compensation: pendingCompensation() });
  const verb = vi.fn<() => Promise<void>>(async () => undefined);
  const release = task("ReleaseStorage", ports, verb);
  const call = () => release(payload("ReleaseStorage", { execution: operation_id }), context);
  await expect(call()).rejects.toMatchObject({ name: "NotReadyYet" });
  expect(verb).not.toHaveBeenCalled();
  await ports.operations.endStep(operation_id, "ProvisionStorage", at, { error: null, flightId: "req-0" });
  await call();
  expect(verb).toHaveBeenCalledOnce();
  expect(state.flights.size).toBe(0);
  expect(state.operations.get(operation_id)?.compensation.find(({ name }) => name === "ReleaseStorage")).toMatchObject({
    status: "succeeded",
    attempts: 1,
  });
});

test("a straggler of another execution does nothing, and does not end what goes on", async () => {
  const { ports, step } = setUp();
  await ports.operations.startStep(operation_id, "ProvisionStorage", at);
  const verb = vi.fn<() => Promise<void>>();
  const stale = payload("ProvisionStorage", { execution: `${operation_id}-7` });
  await expect(task("ProvisionStorage", ports, verb)(stale, context)).rejects.toMatchObject({ name: "state-conflict" });
  expect(verb).not.toHaveBeenCalled();
  expect(step("ProvisionStorage")).toMatchObject({ status: "running", attempts: 1 });
});

test("a task that is no step of the operation writes no progress", async () => {
  const { ports, state } = setUp();
  const before = state.operations.get(operation_id);
  const failure = { Error: "X", Cause: "{}" };
  const verb = vi.fn<(run: TaskRun) => Promise<void>>(async () => undefined);
  await task("FailOnboarding", ports, verb)(payload("FailOnboarding", { failure }), context);
  expect(verb).toHaveBeenCalledWith(expect.objectContaining({ failure }));
  expect(state.operations.get(operation_id)).toEqual(before);
});

test.for([
  ["of another task", payload("NotifyOwner")],
  ["of no task", payload("MakeCoffee")],
  ["with a field unknown", payload("ValidateTenant", { role: "admin" })],
  ["with a bad id", { ...payload("ValidateTenant"), tenant_id: "ten_1" }],
  ["that is no object", "ValidateTenant"],
] as const)("a payload %s is refused", async ([, event]) => {
  const { ports } = setUp();
  const verb = vi.fn<() => Promise<void>>();
  await expect(task("ValidateTenant", ports, verb)(event, context)).rejects.toMatchObject({ name: "InvalidTaskInput" });
  expect(verb).not.toHaveBeenCalled();
});
