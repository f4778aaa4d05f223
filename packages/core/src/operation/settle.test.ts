import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { platformOrg, permissions } from "../access/policy.ts";
import type { Context } from "../context.ts";
import type { KeyedRequest, Makings } from "../idempotency.ts";
import type { ExecutionState, Ports } from "../ports.ts";
import { memoryMakings } from "../testing/memory.ts";
import { aTenant, at, ids, run, validated, world } from "../provisioning/testing.ts";
import { beginCompensation } from "../provisioning/begin-compensation.ts";
import { failOnboarding } from "../provisioning/fail-onboarding.ts";
import type { TenantStatus } from "../tenant/tenant.ts";
import { cancelOperation } from "./cancel.ts";
import { compensationSteps, operationStatuses } from "./operation.ts";
import { retryOperation } from "./retry.ts";
import { settleOperation } from "./settle.ts";
import { patience, sweepOperations } from "./sweep.ts";
import { canBecome, executionOfAttempt, nextCompensation, operationOf, workflowOf } from "./transitions.ts";

const admin: Context = {
  actor: { id: "sub", email: "admin@platform.example", orgId: platformOrg, permissions: new Set(permissions) },
  requestId: "req",
};
const aborted = { code: "ExecutionAborted", message: "The execution ended without telling (Aborted)." };
const failure = { Error: "NameTaken", Cause: "ProvisionStorage: taken" };
const input = { operationId: ids.operation };
/** A request that died before it was answered, and comes again, bears the same key. */
const keyed = (operation: string): KeyedRequest => ({ caller: "platform#sub", operation, key: "once", payload: {} });

const setUp = (status?: TenantStatus) => {
  const it = world(status === undefined ? aTenant() : aTenant({ status }));
  const executions = new Map<string, ExecutionState>();
  const asked: string[] = [];
  let now = Date.parse(at);
  const ports: Ports & { readonly makings: Makings } = {
    ...it.ports,
    makings: memoryMakings(it.state),
    clock: () => new Date(now),
    workflows: {
      start: async ({ execution }) => {
        asked.push(`start ${execution}`);
        if (!executions.has(execution)) executions.set(execution, "running");
      },
      stop: async (execution) => {
        asked.push(`stop ${execution}`);
        executions.set(execution, { error: aborted });
      },
      look: async (execution) => executions.get(execution) ?? "missing",
    },
  };
  /** The compensating execution does its work; `left` fails. */
  const takeBack = async (left: readonly string[] = []) => {
    const { execution } = it.operation();
    for (const name of compensationSteps) {
      await ports.operations.startStep(ids.operation, name, at);
      const error = left.includes(name) ? { code: "AccessDenied", message: "No." } : null;
      await ports.operations.endStep(ids.operation, name, at, { error });
    }
    await failOnboarding(it.ports)({ ...run, execution });
    executions.set(execution, { error: aborted });
  };
  return { ...it, ports, executions, asked, takeBack, later: (ms: number) => (now += ms) };
};

describe("an execution that ended without telling", () => {
  test("is taken back by another, and the operation says why", async () => {
    const it = setUp();
    await validated(it.ports.operations);
    await it.ports.operations.startStep(ids.operation, "ProvisionStorage", at);
    it.executions.set(ids.operation, { error: aborted });
    expect(await settleOperation(it.ports)(ids.operation, { patient: true })).toBe("compensating");
    expect(it.tenant().status).toBe("failed");
    expect(it.operation()).toMatchObject({
      status: "compensating",
      execution: `${ids.operation}-c1`,
      error: { step: "ProvisionStorage", ...aborted },
    });
    expect(it.asked).toEqual([`start ${ids.operation}-c1`]);
    await it.takeBack();
    expect(it.operation().status).toBe("failed");
    expect((await retryOperation(it.ports)(admin, input)).execution).toBe(`${ids.operation}-2`);
  });

  test("is settled once, however many notice it at once", async () => {
    const it = setUp();
    await validated(it.ports.operations);
    it.executions.set(ids.operation, { error: aborted });
    const all = await Promise.all([1, 2, 3].map(() => settleOperation(it.ports)(ids.operation, { patient: true })));
    expect(all.filter((settled) => settled === "compensating")).toHaveLength(1);
    expect(it.asked).toEqual([`start ${ids.operation}-c1`]);
  });

  test("leaves a tenant that is active already, and the operation has succeeded", async () => {
    const it = setUp("active");
    await validated(it.ports.operations);
    it.executions.set(ids.operation, { error: aborted });
    expect(await settleOperation(it.ports)(ids.operation, { patient: true })).toBe("succeeded");
    expect(it.operation()).toMatchObject({ status: "succeeded", error: null });
    expect(it.operation().steps.at(-1)).toMatchObject({ name: "NotifyOwner", status: "failed", error: aborted });
    expect(it.tenant().status).toBe("active");
  });

  test("that was compensating is followed by the next", async () => {
    const it = setUp();
    await beginCompensation(it.ports)({ ...run, failure });
    it.executions.set(ids.operation, { error: aborted });
    await settleOperation(it.ports)(ids.operation, { patient: true });
    it.executions.set(`${ids.operation}-c1`, { error: aborted });
    await settleOperation(it.ports)(ids.operation, { patient: true });
    expect(it.operation()).toMatchObject({
      status: "compensating",
      execution: `${ids.operation}-c2`,
      error: { code: "NameTaken" },
    });
  });

  test("is left alone while it runs or when all is over", async () => {
    const it = setUp();
    await validated(it.ports.operations);
    it.executions.set(ids.operation, "running");
    expect(await settleOperation(it.ports)(ids.operation, { patient: false })).toBe("left alone");
    await it.ports.operations.move(it.operation(), { to: "succeeded", at, endedAt: at });
    it.executions.set(ids.operation, { error: aborted });
    expect(await settleOperation(it.ports)(ids.operation, { patient: false })).toBe("left alone");
    expect(it.asked).toEqual([]);
  });
});

describe("the sweep", () => {
  test("starts what nobody started, but not at once", async () => {
    const it = setUp();
    await sweepOperations(it.ports)();
    expect(it.asked).toEqual([]);
    it.later(patience + 1);
    expect((await sweepOperations(it.ports)()).settled.started).toBe(1);
    expect(it.asked).toEqual([`start ${ids.operation}`]);
  });

  test("goes on with a compensation that failed, until nothing remains", async () => {
    const it = setUp();
    await beginCompensation(it.ports)({ ...run, failure });
    await it.takeBack(["ReleaseStorage"]);
    expect(it.operation().status).toBe("compensation_failed");
    it.later(patience + 1);
    await sweepOperations(it.ports)();
    expect(it.operation()).toMatchObject({ status: "compensating", ended_at: null, execution: `${ids.operation}-c1` });
    expect(it.operation().compensation.find(({ name }) => name === "ReleaseStorage")).toMatchObject({
      status: "pending",
      attempts: 1,
    });
    await it.takeBack();
    expect(it.operation()).toMatchObject({ status: "failed", error: { code: "NameTaken" } });
  });

  test("tells of those that it could not settle and goes on to the others", async () => {
    const it = setUp();
    it.later(patience + 1);
    const boom = new Error("down");
    const workflows = { ...it.ports.workflows, look: async () => Promise.reject(boom) };
    expect(await sweepOperations({ ...it.ports, workflows })()).toMatchObject({ errors: [boom] });
  });
});

describe("a cancellation", () => {
  test("stops the execution, takes back what was made and ends as cancelled", async () => {
    const it = setUp();
    await validated(it.ports.operations);
    it.executions.set(ids.operation, "running");
    const cancelled = await cancelOperation(it.ports)(admin, input);
    expect(cancelled).toMatchObject({
      status: "compensating",
      cancelled_at: at,
      error: { code: "Cancelled", message: "Cancelled by admin@platform.example." },
    });
    expect(it.asked).toEqual([`stop ${ids.operation}`, `start ${ids.operation}-c1`]);
    // The execution that was stopped is noticed too, and is none of anybody's business any more.
    expect(await settleOperation(it.ports)(ids.operation, { patient: true })).toBe("left alone");
    await it.takeBack();
    expect(it.operation()).toMatchObject({ status: "cancelled", ended_at: at });
    expect((await retryOperation(it.ports)(admin, input)).cancelled_at).toBeNull();
  });

  test("that died before its answer, and is sent again, is told what it did", async () => {
    const it = setUp();
    await validated(it.ports.operations);
    const cancel = () => cancelOperation(it.ports)(admin, input, keyed("cancelOperation"));
    expect(await cancel()).toEqual(await cancel());
    await it.takeBack();
    expect(await cancel()).toEqual(it.operation());
    expect(it.asked).toEqual([`stop ${ids.operation}`, `start ${ids.operation}-c1`]);
  });

  test("is too late when the tenant is active", async () => {
    const it = setUp("active");
    await validated(it.ports.operations);
    await expect(cancelOperation(it.ports)(admin, input)).rejects.toMatchObject({
      code: "state-conflict",
      detail: expect.stringContaining("active already"),
    });
    expect(it.asked).toEqual([]);
  });
});

test.for(operationStatuses.filter((status) => status !== "failed" && status !== "cancelled"))(
  "an operation that is %s cannot be retried",
  async (status) => {
    const it = setUp("failed");
    it.state.operations.set(ids.operation, { ...it.operation(), status });
    await expect(retryOperation(it.ports)(admin, input)).rejects.toMatchObject({
      code: "state-conflict",
      detail: expect.stringContaining(status),
    });
  },
);

test("a retry that died before its answer, and is sent again, begins one attempt and tells of it", async () => {
  const it = setUp("failed");
  it.state.operations.set(ids.operation, { ...it.operation(), status: "failed", ended_at: at });
  const retry = (key = keyed("retryOperation")) => retryOperation(it.ports)(admin, input, key);
  expect(await retry()).toEqual(await retry());
  expect(it.asked).toEqual([`start ${ids.operation}-2`]);
  await expect(retry({ ...keyed("retryOperation"), key: "twice" })).rejects.toMatchObject({ code: "state-conflict" });
});

test("two retries at once begin one attempt", async () => {
  const it = setUp("failed");
  it.state.operations.set(ids.operation, { ...it.operation(), status: "failed", ended_at: at });
  const retries = await Promise.allSettled([1, 2].map(() => retryOperation(it.ports)(admin, input)));
  expect(retries.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(it.operation()).toMatchObject({ status: "pending", attempt: 2, execution: `${ids.operation}-2` });
  expect(it.tenant().status).toBe("provisioning");
});

describe("transitions", () => {
  test("names of executions are never used twice and lead back to their operation", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("retry", "compensate"), { maxLength: 40 }), (history) => {
        const seen = [ids.operation];
        let attempt = 1;
        for (const step of history) {
          if (step === "retry") attempt += 1;
          seen.push(step === "retry" ? executionOfAttempt(ids.operation, attempt) : nextCompensation(seen.at(-1)!));
          expect(operationOf(seen.at(-1)!)).toBe(ids.operation);
          expect(workflowOf(seen.at(-1)!)).toBe(step === "retry" ? "onboard-tenant" : "compensate-tenant");
        }
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.every((name) => name.length <= 80)).toBe(true);
      }),
    );
  });

  test("whatever befalls an operation, it moves by the table and its tenant keeps step", async () => {
    const deed = fc.constantFrom(
      "run",
      "fail",
      "kill",
      "activate",
      "finish",
      "cancel",
      "retry",
      "take back",
      "sweep",
      "leave a rest",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { minLength: 1, maxLength: 25 }), async (deeds) => {
        const it = setUp();
        for (const one of deeds) {
          const before = it.operation();
          const running = before.status === "running" || before.status === "pending";
          const act = {
            run: () => validated(it.ports.operations),
            fail: () => beginCompensation(it.ports)({ ...run, failure, execution: before.execution }),
            kill: async () => it.executions.set(before.execution, { error: aborted }),
            activate: async () => {
              if (running)
                await it.ports.registry.moveTenant(ids.tenant, ["provisioning"], "active", at, it.state.commits[0]!);
            },
            finish: async () => {
              if (it.tenant().status === "active")
                await it.ports.operations.move(before, { to: "succeeded", at, endedAt: at });
            },
            cancel: () => cancelOperation(it.ports)(admin, input),
            retry: () => retryOperation(it.ports)(admin, input),
            "take back": () => (before.status === "compensating" ? it.takeBack() : null),
            "leave a rest": () => (before.status === "compensating" ? it.takeBack(["ReleaseIdentity"]) : null),
            sweep: async () => {
              it.later(patience + 1);
              await sweepOperations(it.ports)();
            },
          }[one];
          const refusal = await Promise.resolve(act()).then(
            () => "",
            (error: Error) => error.name,
          );
          expect(["", "Problem", "OperationMovedOn"]).toContain(refusal);
          const after = it.operation();
          expect(before.status === after.status || reachable(before.status, after.status)).toBe(true);
          expect(it.tenant().status).toBe(tenantOf(after.status, it.tenant().status));
          expect(after.ended_at !== null).toBe(
            ["succeeded", "failed", "cancelled", "compensation_failed"].includes(after.status),
          );
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** One deed may make two moves: what was cancelled before it began, what was killed and is retried. */
const reachable = (from: (typeof operationStatuses)[number], to: (typeof operationStatuses)[number]) =>
  canBecome(from, to) || operationStatuses.some((via) => canBecome(from, via) && canBecome(via, to));

/** The tenant's state that goes with the operation's; before the end of a forward run it may be active already. */
const tenantOf = (operation: (typeof operationStatuses)[number], tenant: TenantStatus): TenantStatus => {
  if (operation === "succeeded") return "active";
  if (operation === "pending" || operation === "running") return tenant === "active" ? "active" : "provisioning";
  return "failed";
};
