import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AwsError } from "../../gateway/service.ts";
import { machine, startStates } from "./testing.ts";

const invoke = (name: string, more: object = {}) => ({
  Type: "Task",
  Resource: "arn:aws:states:::lambda:invoke",
  Parameters: { FunctionName: name, "Payload.$": "$" },
  End: true,
  ...more,
});

const only = (state: object, more: object = {}, name = "Only") => ({
  StartAt: name,
  States: { [name]: state },
  ...more,
});

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

const functions = {
  echo: (payload: unknown) => payload,
  flaky: (_payload: unknown, attempt: number) => {
    if (attempt < 2) throw named("Throttled", "slow down");
    return { attempt };
  },
  broken: () => {
    throw named("OutOfDisk", "no space left");
  },
  throttled: () => {
    throw new AwsError("TooManyRequestsException", "Rate Exceeded.", 429);
  },
  forbidden: () => {
    throw new AwsError(
      "AccessDeniedException",
      "User: someone is not authorized to perform: lambda:InvokeFunction",
      403,
    );
  },
  dead: () => {
    throw new AwsError("ServiceException", "the service broke", 500);
  },
  slow: () => new Promise((resolve) => setTimeout(resolve, 20_000, "late").unref()),
};

let states: Awaited<ReturnType<typeof startStates>>;

beforeAll(async () => {
  const retry = (names: string[], more: object) => [{ ErrorEquals: names, IntervalSeconds: 1, ...more }];
  states = await startStates({ functions });
  await states.deploy(
    machine("invoke", only(invoke("echo"))),
    machine("bare", only({ Type: "Task", Resource: "arn:aws:lambda:us-east-1:123456789012:function:echo", End: true })),
    machine("flaky", only(invoke("flaky", { Retry: retry(["Throttled"], { BackoffRate: 1.5, MaxDelaySeconds: 1 }) }))),
    machine("broken", only(invoke("broken", { Retry: retry(["Other"], {}) }))),
    machine("throttled", only(invoke("throttled"))),
    machine("dead", only(invoke("dead"))),
    machine("absent", only(invoke("absent"))),
    machine("forbidden", only(invoke("forbidden"))),
    machine("exhausted", only(invoke("broken", { Retry: retry(["States.TaskFailed"], { MaxAttempts: 1 }) }))),
    machine("slow", only(invoke("slow", { TimeoutSeconds: 1 }))),
    machine("machine-timeout", only(invoke("slow"), { TimeoutSeconds: 1 })),
    machine("caught", {
      StartAt: "Try",
      States: {
        Try: invoke("broken", {
          Catch: [
            { ErrorEquals: ["States.Timeout"], Next: "Wrong" },
            { ErrorEquals: ["States.ALL"], ResultPath: "$.error", Next: "Handle" },
          ],
        }),
        Handle: { Type: "Pass", End: true },
        Wrong: { Type: "Fail" },
      },
    }),
    machine("timeout-caught", {
      StartAt: "Try",
      States: {
        Try: invoke("slow", {
          TimeoutSeconds: 1,
          Catch: [
            { ErrorEquals: ["States.TaskFailed"], Next: "Wrong" },
            { ErrorEquals: ["States.Timeout"], ResultPath: "$.error", Next: "Handle" },
          ],
        }),
        Handle: { Type: "Pass", End: true },
        Wrong: { Type: "Fail" },
      },
    }),
    machine("parallel", {
      StartAt: "Both",
      States: {
        Both: {
          Type: "Parallel",
          Branches: [
            only(invoke("echo", { OutputPath: "$.Payload" })),
            only({ Type: "Pass", Result: 0, End: true }, {}, "Zero"),
          ],
          ResultPath: "$.both",
          End: true,
        },
      },
    }),
    machine("parallel-fails", {
      StartAt: "Both",
      States: {
        Both: {
          Type: "Parallel",
          Branches: [
            {
              StartAt: "Waits",
              States: { Waits: { Type: "Wait", Seconds: 30, Next: "Late" }, Late: invoke("never") },
            },
            { StartAt: "Breaks", States: { Breaks: invoke("broken") } },
          ],
          Catch: [{ ErrorEquals: ["States.ALL"], Next: "Undo", ResultPath: "$.error" }],
          End: true,
        },
        Undo: { Type: "Wait", Seconds: 2, End: true },
      },
    }),
    machine("choice", {
      StartAt: "Choose",
      States: {
        Choose: {
          Type: "Choice",
          Choices: [
            { Variable: "$.n", NumericGreaterThan: 5, Next: "Big" },
            { Not: { Variable: "$.gone", IsPresent: true }, Next: "Missing" },
            {
              And: [
                { Variable: "$.s", StringMatches: "a*\\*c" },
                { Variable: "$.n", IsNumeric: false },
              ],
              Next: "Text",
            },
          ],
        },
        Big: { Type: "Pass", Result: "big", End: true },
        Missing: { Type: "Pass", Result: "missing", End: true },
        Text: { Type: "Pass", Result: "text", End: true },
      },
    }),
    machine("map", {
      StartAt: "Each",
      States: {
        Each: {
          Type: "Map",
          ItemsPath: "$.items",
          MaxConcurrency: 1,
          ItemSelector: {
            "item.$": "$$.Map.Item.Value",
            "index.$": "$$.Map.Item.Index",
            "all.$": "States.ArrayLength($.items)",
          },
          ItemProcessor: only({ Type: "Pass", End: true }),
          End: true,
        },
      },
    }),
    machine(
      "context",
      only(
        invoke("flaky2", {
          Parameters: {
            FunctionName: "flaky2",
            Payload: {
              "id.$": "$$.Execution.Id",
              "name.$": "$$.Execution.Name",
              "input.$": "$$.Execution.Input.a",
              "state.$": "$$.State.Name",
              "entered.$": "$$.State.EnteredTime",
              "retries.$": "$$.State.RetryCount",
              "machine.$": "$$.StateMachine.Name",
            },
          },
          OutputPath: "$.Payload",
          Retry: retry(["Throttled"], {}),
        }),
      ),
    ),
    machine("nothing", only({ Type: "Pass", Parameters: { "a.$": "$.missing" }, End: true })),
    machine("fail", only({ Type: "Fail", Error: "Custom", CausePath: "States.Format('for {}', $.who)" })),
    machine("wait", only({ Type: "Wait", TimestampPath: "$.until", End: true })),
    machine("endless", {
      StartAt: "A",
      States: {
        A: { Type: "Pass", Next: "Go" },
        Go: { Type: "Choice", Choices: [{ Variable: "$", IsPresent: false, Next: "End" }], Default: "A" },
        End: { Type: "Succeed" },
      },
    }),
  );
  Object.assign(functions, {
    flaky2: (payload: unknown, attempt: number) => {
      if (attempt === 0) throw named("Throttled", "slow down");
      return payload;
    },
  });
}, 60_000);

afterAll(() => states.close());

describe.concurrent("tasks", () => {
  test("the optimised integration answers with the payload and its status", async () => {
    const { value } = await states.run("invoke", { a: 1 });
    expect(value).toMatchObject({ ExecutedVersion: "$LATEST", StatusCode: 200, Payload: { a: 1 } });
  });

  test("a bare function ARN answers with the payload alone", async () => {
    expect((await states.run("bare", { a: 1 })).value).toEqual({ a: 1 });
  });

  test("a function's error is named by its type, with its payload as the cause", async () => {
    const end = await states.run("broken");
    expect(end).toMatchObject({ status: "FAILED", error: "OutOfDisk" });
    expect(JSON.parse(end.cause ?? "")).toEqual({
      errorType: "OutOfDisk",
      errorMessage: "no space left",
      trace: ["at handler"],
    });
  });

  test.each([
    ["throttled", "Lambda.TooManyRequestsException"],
    ["dead", "Lambda.ServiceException"],
    ["absent", "Lambda.ResourceNotFoundException"],
    ["forbidden", "Lambda.AWSLambdaException"],
  ])("the service's own failure of %s is %s", async (name, error) => {
    expect(await states.run(name)).toMatchObject({ status: "FAILED", error });
  });
});

describe.concurrent("retries", () => {
  test("go on until the task succeeds, with growing waits", async () => {
    const end = await states.run("flaky");
    expect(end.value).toMatchObject({ Payload: { attempt: 2 } });
    expect((await states.history(end.executionArn)).filter(({ type }) => type === "TaskFailed")).toHaveLength(2);
    expect(Number(end.stopDate) - Number(end.startDate)).toBeGreaterThan(1950);
  });

  test("end after MaxAttempts", async () => {
    const end = await states.run("exhausted");
    expect(end.status).toBe("FAILED");
    expect((await states.history(end.executionArn)).filter(({ type }) => type === "TaskFailed")).toHaveLength(2);
  });

  test("are counted in the context object", async () => {
    const end = await states.run("context", { a: 7 });
    expect(end.value).toEqual({
      id: end.executionArn,
      name: end.name,
      input: 7,
      state: "Only",
      entered: expect.stringMatching(/^\d{4}-.*Z$/),
      retries: 1,
      machine: "context",
    });
  });
});

describe.concurrent("failures", () => {
  test("a task that outlasts TimeoutSeconds is States.Timeout", async () => {
    const end = await states.run("slow");
    expect(end).toMatchObject({ status: "FAILED", error: "States.Timeout" });
    expect((await states.history(end.executionArn)).map(({ type }) => type)).toContain("TaskTimedOut");
  });

  test("States.TaskFailed does not match a timeout", async () => {
    expect((await states.run("timeout-caught", { keep: 1 })).value).toEqual({
      keep: 1,
      error: { Error: "States.Timeout", Cause: "" },
    });
  });

  test("a machine that outlasts TimeoutSeconds has timed out", async () => {
    const end = await states.run("machine-timeout");
    expect(end.status).toBe("TIMED_OUT");
    expect((await states.history(end.executionArn)).at(-1)?.type).toBe("ExecutionTimedOut");
  });

  test("are caught beside the input", async () => {
    expect((await states.run("caught", { keep: 1 })).value).toEqual({
      keep: 1,
      error: { Error: "OutOfDisk", Cause: expect.stringContaining("no space left") },
    });
  });

  test("a path that leads nowhere is States.Runtime", async () => {
    expect(await states.run("nothing")).toMatchObject({ status: "FAILED", error: "States.Runtime" });
  });

  test("a Fail state names its error and cause", async () => {
    expect(await states.run("fail", { who: "you" })).toMatchObject({ error: "Custom", cause: "for you" });
  });

  test("a machine that runs in circles ends", async () => {
    expect(await states.run("endless")).toMatchObject({ status: "FAILED", error: "States.Runtime" });
  }, 20_000);
});

describe.concurrent("flow", () => {
  test("Parallel answers with the outputs in order", async () => {
    expect((await states.run("parallel", { a: 1 })).value).toEqual({ a: 1, both: [{ a: 1 }, 0] });
  });

  test("a branch that fails stops the others", async () => {
    const end = await states.run("parallel-fails");
    expect(end.value).toMatchObject({ error: { Error: "OutOfDisk" } });
    expect(states.attempts.get("never")).toBeUndefined();
    expect((await states.history(end.executionArn)).map(({ type }) => type)).toContain("WaitStateAborted");
  });

  test.each([
    [{ n: 6 }, "big"],
    [{ n: 1 }, "missing"],
    [{ n: "six", gone: 1, s: "ab*c" }, "text"],
  ])("Choice of %j is %s", async (input, expected) => {
    expect((await states.run("choice", input)).value).toBe(expected);
  });

  test("Choice without a match fails", async () => {
    expect(await states.run("choice", { n: 1, gone: 1, s: "abc" })).toMatchObject({ error: "States.NoChoiceMatched" });
  });

  test("Map runs the processor for each item", async () => {
    expect((await states.run("map", { items: ["a", "b"] })).value).toEqual([
      { item: "a", index: 0, all: 2 },
      { item: "b", index: 1, all: 2 },
    ]);
  });

  test("Wait until a time", async () => {
    const end = await states.run("wait", { until: new Date(Date.now() + 400).toISOString() });
    expect(Number(end.stopDate) - Number(end.startDate)).toBeGreaterThan(300);
  });
});
