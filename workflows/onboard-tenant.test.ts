import { onboardingSteps } from "@tenantry/core/operation/operation";
import { type TaskHandler, tasks } from "@tenantry/contract/tasks";
import { allStates, type Json } from "@tenantry/local-cloud/services/states/asl";
import { Failure } from "@tenantry/local-cloud/services/states/failure";
import { interpret } from "@tenantry/local-cloud/services/states/interpreter";
import { parseDefinition } from "@tenantry/local-cloud/services/states/validate";
import validate from "asl-validator";
import { describe, expect, test } from "vitest";
import type { Branch, State } from "./define.ts";
import { onboardTenant } from "./onboard-tenant.ts";
import { renderAsl } from "./render-asl.ts";

const functionArn = (handler: TaskHandler) => `arn:aws:lambda:us-east-1:123456789012:function:${handler}`;
const asl = renderAsl(onboardTenant, { functionArn });
const input = { operation_id: "op_01JD00000000000000000000AA", tenant_id: "ten_01JD00000000000000000000AA" };

/** Every state of the machine and of its branches. */
const statesOf = (branch: Branch): [string, State][] =>
  Object.entries(branch.states).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...(state.type === "parallel" ? state.branches.flatMap(statesOf) : []),
  ]);

describe("the machine", () => {
  test("has a task state for each step of the operation", () => {
    const names = statesOf(onboardTenant).flatMap(([name, state]) => (state.type === "task" ? [name] : []));
    expect(names.toSorted()).toEqual([...onboardingSteps, "FinishOnboarding", "FailOnboarding"].toSorted());
  });

  test("renders to valid Amazon States Language", () => {
    // The validator writes defaults into what it is given.
    expect(validate(structuredClone(asl)).errorsText()).toBe("");
    expect(validate({ ...structuredClone(asl), StartAt: "Nowhere" }).isValid).toBe(false);
  });

  test("names States.ALL alone and last", () => {
    // The validator does not know this rule; Step Functions refuses the machine.
    const lists = [...JSON.stringify(asl).matchAll(/"ErrorEquals":(\[[^\]]*\])/g)].map(
      (match) => JSON.parse(match[1]!) as string[],
    );
    expect(lists.length).toBeGreaterThan(10);
    expect(lists.filter((list) => list.includes("States.ALL") && list.length > 1)).toEqual([]);
    const retriers = statesOf(onboardTenant).flatMap(([, state]) => (state.type === "task" ? [state.retry] : []));
    expect(retriers.filter((list) => list.slice(0, -1).some(({ errors }) => errors.includes("States.ALL")))).toEqual(
      [],
    );
  });

  test("gives each step time to use up its retries before the machine itself times out", () => {
    const worst = ([, state]: [string, State]): number => {
      if (state.type === "fail") return 0;
      if (state.type === "parallel")
        return Math.max(...state.branches.map((branch) => sum(Object.entries(branch.states).map(worst))));
      const waits = state.retry.flatMap((retry) =>
        Array.from({ length: retry.maxAttempts }, (_, n) =>
          Math.min(retry.intervalSeconds * retry.backoffRate ** n, retry.maxDelaySeconds),
        ),
      );
      return state.timeoutSeconds * (waits.length + 1) + sum(waits);
    };
    expect(sum(Object.entries(onboardTenant.states).map(worst))).toBeLessThan(onboardTenant.timeoutSeconds);
  });

  test("stands as reviewed", async () => {
    await expect(JSON.stringify(asl, null, 2)).toMatchFileSnapshot("./__snapshots__/onboard-tenant.asl.json");
  });
});

const sum = (numbers: number[]): number => numbers.reduce((total, each) => total + each, 0);

/** An error as it comes out of a Lambda function. */
const thrown = (name: string, message: string): Failure =>
  new Failure(name, JSON.stringify({ errorType: name, errorMessage: message }));

type Payload = {
  operation_id: string;
  tenant_id: string;
  step: string;
  attempt: number;
  failure?: { Error: string; Cause: string };
};

/** Runs the rendered machine; `faults` are thrown by the step's first attempts, in order. */
const run = async (faults: Partial<Record<string, readonly Failure[]>>) => {
  const left = new Map(Object.entries(faults).map(([step, errors]) => [step, [...(errors ?? [])]]));
  const calls: Payload[] = [];
  const definition = parseDefinition(JSON.stringify(asl));
  for (const [, state] of allStates(definition)) for (const retry of state.Retry ?? []) retry.IntervalSeconds = 0.001;
  const integrate = async (_resource: unknown, parameters: Json): Promise<Json> => {
    const { FunctionName, Payload: payload } = parameters as { FunctionName: string; Payload: Payload };
    calls.push(payload);
    if (FunctionName !== functionArn(tasks[payload.step as keyof typeof tasks])) throw new Error(FunctionName);
    const fault = left.get(payload.step)?.shift();
    if (fault !== undefined) throw fault;
    return { StatusCode: 200, Payload: null };
  };
  const { signal } = new AbortController();
  const outcome = await interpret(
    definition,
    input,
    { context: {}, region: "us-east-1", record: () => 1, integrate, signal },
    0,
  ).then(
    ({ output }) => ({ status: "SUCCEEDED", output }),
    (error: Failure) => ({ status: "FAILED", output: error.error }),
  );
  return { ...outcome, calls, steps: calls.map((call) => call.step) };
};

const permanent = thrown("NameTaken", "The database tenant_acme exists.");
const transient = thrown("TransientError", "Rate exceeded");
const before = [
  "ValidateTenant",
  "ProvisionDatabase",
  "ProvisionStorage",
  "ProvisionIdentity",
  "ProvisionNamespace",
  "ActivateTenant",
];

describe("an execution", () => {
  test("runs the steps in order, each with the operation and the tenant", async () => {
    const { status, steps, calls, output } = await run({});
    expect(status).toBe("SUCCEEDED");
    expect(steps).toEqual([...onboardingSteps, "FinishOnboarding"]);
    expect(calls.every((call) => call.operation_id === input.operation_id && call.tenant_id === input.tenant_id)).toBe(
      true,
    );
    expect(output).toEqual(input);
  });

  test.for(before)(
    "that fails for good in %s marks the tenant as failed, at once and with the reason",
    async (step) => {
      const { status, output, steps, calls } = await run({ [step]: [permanent] });
      expect({ status, output }).toEqual({ status: "FAILED", output: "OnboardingFailed" });
      expect(steps.filter((each) => each === step)).toHaveLength(1);
      expect(steps.at(-1)).toBe("FailOnboarding");
      expect(steps).not.toContain("NotifyOwner");
      expect(calls.at(-1)?.failure).toEqual({ Error: "NameTaken", Cause: permanent.failureCause });
    },
  );

  test.for(before)("that meets a passing fault in %s tries again and succeeds", async (step) => {
    const lambda = thrown("Lambda.TooManyRequestsException", "Rate Exceeded.");
    const { status, steps, calls } = await run({ [step]: [transient, lambda, transient] });
    expect(status).toBe("SUCCEEDED");
    expect(calls.filter((each) => each.step === step).map((each) => each.attempt)).toEqual([0, 1, 2, 3]);
    expect(steps.at(-1)).toBe("FinishOnboarding");
  });

  test("gives up on a fault that does not pass", async () => {
    const { status, steps } = await run({ ProvisionStorage: Array.from({ length: 20 }, () => transient) });
    expect(status).toBe("FAILED");
    expect(steps.filter((each) => each === "ProvisionStorage")).toHaveLength(6);
  });

  test("does not undo a tenant whose owner could not be told", async () => {
    const { status, steps } = await run({ NotifyOwner: [thrown("MessageRejected", "Address is not verified")] });
    expect(status).toBe("SUCCEEDED");
    expect(steps.slice(-2)).toEqual(["NotifyOwner", "FinishOnboarding"]);
  });

  test("insists on writing down that it failed", async () => {
    const { steps } = await run({ ValidateTenant: [permanent], FailOnboarding: [permanent, transient] });
    expect(steps).toEqual(["ValidateTenant", "FailOnboarding", "FailOnboarding", "FailOnboarding"]);
  });
});
