import { compensationSteps, onboardingSteps } from "@tenantry/core/operation/operation";
import { type TaskHandler, tasks } from "@tenantry/contract/tasks";
import { allStates, type Json } from "@tenantry/local-cloud/services/states/asl";
import { Failure } from "@tenantry/local-cloud/services/states/failure";
import { interpret } from "@tenantry/local-cloud/services/states/interpreter";
import { parseDefinition } from "@tenantry/local-cloud/services/states/validate";
import validate from "asl-validator";
import { describe, expect, test } from "vitest";
import { compensateTenant } from "./compensate-tenant.ts";
import type { Branch, State } from "./define.ts";
import { onboardTenant } from "./onboard-tenant.ts";
import { straggling } from "./retries.ts";
import { renderAsl } from "./render-asl.ts";

const functionArn = (handler: TaskHandler) => `arn:aws:lambda:us-east-1:123456789012:function:${handler}`;
const asl = renderAsl(onboardTenant, { functionArn });
const takingBack = renderAsl(compensateTenant, { functionArn });
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
    const turns = ["BeginCompensation", "FinishOnboarding", "FailOnboarding"];
    expect(names.toSorted()).toEqual([...onboardingSteps, ...compensationSteps, ...turns].toSorted());
  });

  test("takes back whatever fails before the tenant is active", () => {
    const forward = Object.entries(onboardTenant.states).filter(
      ([name]) => name === "ProvisionPlanes" || (onboardingSteps as readonly string[]).includes(name),
    );
    expect(forward).toHaveLength(5);
    for (const [name, state] of forward)
      expect("onFailure" in state ? state.onFailure : null).toBe(
        name === "NotifyOwner" ? "FinishOnboarding" : "BeginCompensation",
      );
  });

  test("renders to valid Amazon States Language", () => {
    // The validator writes defaults into what it is given.
    expect(validate(structuredClone(asl)).errorsText()).toBe("");
    expect(validate(structuredClone(takingBack)).errorsText()).toBe("");
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
      if (state.type === "fail" || state.type === "succeed") return 0;
      if (state.type === "parallel")
        return Math.max(...state.branches.map((branch) => sum(Object.entries(branch.states).map(worst))));
      const waits = state.retry.flatMap((retry) =>
        Array.from({ length: retry.maxAttempts }, (_, n) =>
          Math.min(retry.intervalSeconds * retry.backoffRate ** n, retry.maxDelaySeconds),
        ),
      );
      return state.timeoutSeconds * (waits.length + 1) + sum(waits);
    };
    for (const workflow of [onboardTenant, compensateTenant])
      expect(sum(Object.entries(workflow.states).map(worst))).toBeLessThan(workflow.timeoutSeconds);
  });

  test("stands as reviewed", async () => {
    await expect(JSON.stringify(asl, null, 2)).toMatchFileSnapshot("./__snapshots__/onboard-tenant.asl.json");
    await expect(JSON.stringify(takingBack, null, 2)).toMatchFileSnapshot("./__snapshots__/compensate-tenant.asl.json");
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
  execution: string;
  attempt: number;
  failure?: { Error: string; Cause: string };
};

/** Runs the rendered machine; `faults` are thrown by the step's first attempts, in order. */
const run = async (faults: Partial<Record<string, readonly Failure[]>>, machine: object = asl) => {
  const left = new Map(Object.entries(faults).map(([step, errors]) => [step, [...(errors ?? [])]]));
  const calls: Payload[] = [];
  const definition = parseDefinition(JSON.stringify(machine));
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
    { context: { Execution: { Name: input.operation_id } }, region: "us-east-1", record: () => 1, integrate, signal },
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
    "that fails for good in %s takes everything back at once, in reverse, and ends with the reason",
    async (step) => {
      const { status, output, steps, calls } = await run({ [step]: [permanent] });
      expect({ status, output }).toEqual({ status: "FAILED", output: "OnboardingFailed" });
      expect(steps.filter((each) => each === step)).toHaveLength(1);
      expect(steps).not.toContain("NotifyOwner");
      const back = calls.slice(steps.indexOf("BeginCompensation"));
      expect(back.map((call) => call.step)).toEqual(["BeginCompensation", ...compensationSteps, "FailOnboarding"]);
      expect(back[0]?.failure).toEqual({ Error: "NameTaken", Cause: permanent.failureCause });
      expect(back.every((call) => call.execution === input.operation_id)).toBe(true);
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

  test("insists on turning around and on writing down that it failed", async () => {
    const faults = [permanent, transient];
    const { steps } = await run({ ValidateTenant: [permanent], BeginCompensation: faults, FailOnboarding: faults });
    const [turn, end] = ["BeginCompensation", "FailOnboarding"];
    expect(steps).toEqual(["ValidateTenant", turn, turn, turn, ...compensationSteps, end, end, end]);
  });

  test.for(compensationSteps)("tries %s again whatever went wrong", async (step) => {
    const { steps } = await run({ ProvisionNamespace: [permanent], [step]: [permanent, transient] });
    expect(steps.filter((each) => each === step)).toHaveLength(3);
    expect(steps.at(-1)).toBe("FailOnboarding");
  });

  test.for(compensationSteps)("whose %s fails for good takes the rest back and says so at its end", async (step) => {
    const never = Array.from({ length: 20 }, () => permanent);
    const { status, steps } = await run({ ProvisionNamespace: [permanent], [step]: never });
    expect(status).toBe("FAILED");
    expect([...new Set(steps.slice(steps.indexOf("ReleaseNamespace")))].toSorted()).toEqual(
      [...compensationSteps, "FailOnboarding"].toSorted(),
    );
    expect(steps.filter((each) => each === step)).toHaveLength(6);
  });

  test("waits for stragglers, as long as a function may live", async () => {
    const straggler = thrown("NotReadyYet", "An attempt of ProvisionStorage may still be at work.");
    const { steps } = await run({ ProvisionNamespace: [permanent], FailOnboarding: Array(20).fill(straggler) });
    expect(steps.filter((each) => each === "FailOnboarding")).toHaveLength(21);
    const waits = Array.from({ length: straggling.maxAttempts }, (_, n) =>
      Math.min(straggling.intervalSeconds * straggling.backoffRate ** n, straggling.maxDelaySeconds),
    );
    expect(sum(waits)).toBeGreaterThan(60);
  });
});

describe("an execution that only takes back", () => {
  test("releases every plane in reverse and ends well", async () => {
    const { status, steps } = await run({}, takingBack);
    expect(status).toBe("SUCCEEDED");
    expect(steps).toEqual([...compensationSteps, "FailOnboarding"]);
  });

  test("ends well where something remains: the operation says so", async () => {
    const { status, steps } = await run({ ReleaseNamespace: Array.from({ length: 20 }, () => permanent) }, takingBack);
    expect(status).toBe("SUCCEEDED");
    expect(steps.slice(-4)).toEqual([...compensationSteps.slice(1), "FailOnboarding"]);
  });
});
