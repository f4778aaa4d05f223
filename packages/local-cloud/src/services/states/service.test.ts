import {
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { afterEach, describe, expect, test } from "vitest";
import { machine, machineArn, startStates } from "./testing.ts";

const pass = { StartAt: "Pass", States: { Pass: { Type: "Pass", End: true } } };
const wait = { StartAt: "Wait", States: { Wait: { Type: "Wait", Seconds: 60, End: true } } };
const task = {
  StartAt: "Task",
  States: {
    Task: { Type: "Task", Resource: "arn:aws:states:::lambda:invoke", Parameters: { FunctionName: "f" }, End: true },
  },
};

const open: { close(): Promise<void> }[] = [];

const start = async (...[options]: Parameters<typeof startStates>) => {
  const states = await startStates({ functions: { f: () => "done" }, ...options });
  open.push(states);
  await states.deploy(
    machine("pass", pass),
    machine("wait", wait),
    machine("task", task),
    machine("fast", pass, "EXPRESS"),
  );
  return states;
};

afterEach(async () => {
  for (const states of open.splice(0)) await states.close();
});

describe("executions", () => {
  test("are told on the default event bus when they begin and end", async () => {
    const states = await start();
    const { executionArn } = await states.run("pass", { a: 1 });
    await states.part.close?.();
    const details = states.calls.map(
      ({ input }) => (input as { Entries: { Detail: string; DetailType: string }[] }).Entries[0],
    );
    expect(details.map((entry) => entry?.DetailType)).toEqual(Array(2).fill("Step Functions Execution Status Change"));
    expect(details.map((entry) => (JSON.parse(entry?.Detail ?? "") as { status: string }).status)).toEqual([
      "RUNNING",
      "SUCCEEDED",
    ]);
    expect(JSON.parse(details[1]?.Detail ?? "")).toMatchObject({ executionArn, output: '{"a":1}' });
  });

  test("repeated with name and input while running are the same", async () => {
    const { client } = await start();
    const input = { stateMachineArn: machineArn("wait"), name: "op_1", input: '{"a":1}' };
    const first = await client.send(new StartExecutionCommand(input));
    const second = await client.send(new StartExecutionCommand(input));
    expect(second.executionArn).toBe("arn:aws:states:us-east-1:123456789012:execution:wait:op_1");
    expect(second.startDate).toEqual(first.startDate);
    await expect(client.send(new StartExecutionCommand({ ...input, input: "{}" }))).rejects.toMatchObject({
      name: "ExecutionAlreadyExists",
    });
    await client.send(new StopExecutionCommand({ executionArn: first.executionArn }));
    await expect(client.send(new StartExecutionCommand(input))).rejects.toMatchObject({
      name: "ExecutionAlreadyExists",
    });
  });

  test.each([
    [{ stateMachineArn: machineArn("none") }, "StateMachineDoesNotExist"],
    [{ stateMachineArn: machineArn("pass"), input: "{" }, "InvalidExecutionInput"],
    [{ stateMachineArn: machineArn("pass"), name: "a b" }, "InvalidName"],
    [{ stateMachineArn: machineArn("pass"), input: JSON.stringify("a".repeat(262_144)) }, "ValidationException"],
  ])("%# are refused as AWS does", async (input, name) => {
    const { client } = await start();
    await expect(client.send(new StartExecutionCommand(input))).rejects.toMatchObject({ name });
  });

  test("can be stopped, and a function that answers later changes nothing", async () => {
    const answer = Promise.withResolvers<string>();
    const states = await start({ functions: { f: () => answer.promise } });
    const { executionArn } = await states.client.send(
      new StartExecutionCommand({ stateMachineArn: machineArn("task") }),
    );
    await states.client.send(new StopExecutionCommand({ executionArn, error: "Enough", cause: "by hand" }));
    answer.resolve("late");
    const end = await states.describeEnd(executionArn ?? "");
    expect(end).toMatchObject({ status: "ABORTED", error: "Enough", cause: "by hand" });
    expect((await states.history(executionArn)).at(-1)?.executionAbortedEventDetails).toEqual({
      error: "Enough",
      cause: "by hand",
    });
  });

  test("have a history in order, paged and reversed", async () => {
    const states = await start();
    const { executionArn } = await states.run("task");
    const events = await states.history(executionArn);
    expect(events.map(({ type }) => type)).toEqual([
      "ExecutionStarted",
      "TaskStateEntered",
      "TaskScheduled",
      "TaskStarted",
      "TaskSucceeded",
      "TaskStateExited",
      "ExecutionSucceeded",
    ]);
    expect(events.map(({ id, previousEventId }) => [id, previousEventId])).toEqual(
      [1, 2, 3, 4, 5, 6, 7].map((id) => [id, id - 1]),
    );
    expect(events[2]?.taskScheduledEventDetails).toMatchObject({
      resourceType: "lambda",
      resource: "invoke",
      region: "us-east-1",
    });
    expect(events[1]?.timestamp?.getTime()).toBeGreaterThan(Date.now() - 10_000);
    const page = await states.client.send(
      new GetExecutionHistoryCommand({ executionArn, maxResults: 5, reverseOrder: true }),
    );
    expect(page.events?.[0]?.id).toBe(7);
    const rest = await states.client.send(
      new GetExecutionHistoryCommand({ executionArn, maxResults: 5, reverseOrder: true, nextToken: page.nextToken }),
    );
    expect(rest.events?.map(({ id }) => id)).toEqual([2, 1]);
    expect(rest.nextToken).toBeUndefined();
  });

  test("are listed by status and page", async () => {
    const states = await start();
    await states.run("pass");
    await states.run("pass");
    const stateMachineArn = machineArn("pass");
    const first = await states.client.send(
      new ListExecutionsCommand({ stateMachineArn, statusFilter: "SUCCEEDED", maxResults: 1 }),
    );
    const second = await states.client.send(new ListExecutionsCommand({ stateMachineArn, nextToken: first.nextToken }));
    expect([first.executions, second.executions].map((one) => one?.length)).toEqual([1, 1]);
    const failed = await states.client.send(new ListExecutionsCommand({ stateMachineArn, statusFilter: "FAILED" }));
    expect(failed.executions).toEqual([]);
  });

  test("that ran when the process died are failed at the next start", async () => {
    const before = await start();
    const { executionArn = "" } = await before.client.send(
      new StartExecutionCommand({ stateMachineArn: machineArn("wait") }),
    );
    await before.part.close?.();
    const after = await start({ data: before.data });
    await after.part.start?.();
    expect(await after.describeEnd(executionArn)).toMatchObject({ status: "FAILED", error: "States.Runtime" });
    const events = await after.history(executionArn);
    expect(events.map(({ type }) => type)).toEqual(["ExecutionStarted", "WaitStateEntered", "ExecutionFailed"]);
    await after.part.close?.();
    expect(after.calls).toHaveLength(1);
  });

  test("of express machines run while the caller waits", async () => {
    const { client } = await start();
    const stateMachineArn = machineArn("fast");
    const end = await client.send(new StartSyncExecutionCommand({ stateMachineArn, name: "n", input: '{"a":1}' }));
    expect(end).toMatchObject({ status: "SUCCEEDED", output: '{"a":1}', name: "n" });
    await expect(
      client.send(new StartSyncExecutionCommand({ stateMachineArn: machineArn("pass") })),
    ).rejects.toMatchObject({ name: "StateMachineTypeNotSupported" });
  });
});

describe("state machines", () => {
  test("are described and listed", async () => {
    const { client } = await start();
    const machines = await client.send(new ListStateMachinesCommand({}));
    expect(machines.stateMachines?.map(({ name }) => name)).toEqual(["pass", "wait", "task", "fast"]);
    const one = await client.send(new DescribeStateMachineCommand({ stateMachineArn: machineArn("pass") }));
    expect(JSON.parse(one.definition ?? "")).toEqual(pass);
  });

  test("an action that is not there says so by name", async () => {
    const { client } = await start();
    await expect(client.send(new SendTaskSuccessCommand({ taskToken: "t", output: "{}" }))).rejects.toMatchObject({
      message: expect.stringContaining("states:SendTaskSuccess"),
      $metadata: { httpStatusCode: 501 },
    });
  });

  const taskOf = (more: object) => ({ StartAt: "T", States: { T: { ...task.States.Task, ...more } } });

  test.each([
    ["JSONata", { ...pass, QueryLanguage: "JSONata" }, /JSONPath state machines only/],
    ["a target that is missing", { StartAt: "A", States: { A: { Type: "Pass", Next: "B" } } }, /not valid/],
    [
      "a service without integration",
      taskOf({ Resource: "arn:aws:states:::sqs:sendMessage" }),
      /no task resource .*sqs:sendMessage/,
    ],
    ["a task token", taskOf({ Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken" }), /waitForTaskToken/],
    ["no function", taskOf({ Parameters: {} }), /lack FunctionName/],
    ["variables", taskOf({ Assign: { a: 1 } }), /no Assign/],
    [
      "States.ALL among others",
      taskOf({ Retry: [{ ErrorEquals: ["States.ALL", "X"] }] }),
      /States.ALL must stand alone/,
    ],
  ])("with %s is refused when it is deployed", async (_what, definition, message) => {
    const states = await start();
    await expect(states.deploy(machine("bad", definition))).rejects.toThrow(message);
    await expect(states.deploy(machine("bad", definition))).rejects.toThrow("State machine bad");
  });
});
