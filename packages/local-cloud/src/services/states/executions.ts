import type { Host } from "../../part.ts";
import type { Store } from "../../store.ts";
import type { Json } from "./asl.ts";
import { asFailure } from "./failure.ts";
import { historyKey, recorder, type HistoryEvent, type Recorder } from "./history.ts";
import { integration } from "./integrations.ts";
import { interpret } from "./interpreter.ts";
import type { Machine } from "./machines.ts";
import type { RoleClient } from "./role-client.ts";

export type ExecutionStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

/** An execution as it is kept. Times are milliseconds since the epoch. */
export type Execution = {
  readonly executionArn: string;
  readonly stateMachineArn: string;
  readonly name: string;
  readonly status: ExecutionStatus;
  readonly startDate: number;
  readonly stopDate?: number;
  readonly input: string;
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
};

/** Why a running execution is stopped from outside. */
class Stop extends Error {
  readonly status: "TIMED_OUT" | "ABORTED";
  readonly error: string | undefined;
  readonly failureCause: string | undefined;
  constructor(status: "TIMED_OUT" | "ABORTED", error?: string, cause?: string) {
    super(status);
    this.status = status;
    this.error = error;
    this.failureCause = cause;
  }
}

type End = Pick<Execution, "status" | "output" | "error" | "cause">;

const endEvents: Readonly<Record<string, string>> = {
  SUCCEEDED: "ExecutionSucceeded",
  FAILED: "ExecutionFailed",
  TIMED_OUT: "ExecutionTimedOut",
  ABORTED: "ExecutionAborted",
};

export const collections = (store: Store) => ({
  executions: store.collection<Execution>("states-executions"),
  events: store.collection<HistoryEvent>("states-history"),
});

const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;

/** Starts, watches and stops executions. */
export const createExecutions = (host: Host, clientOf: (roleArn: string) => RoleClient) => {
  const { executions, events } = collections(host.store);
  const running = new Map<string, { stop: (reason: Stop) => void; done: Promise<Execution> }>();
  let announced: Promise<unknown> = Promise.resolve();
  let closed = false;

  /** Tells the default event bus, one change after another. */
  const announce = (execution: Execution): void => {
    const { input, output, ...rest } = execution;
    const detail = { ...rest, input, inputDetails: { included: true }, ...(output !== undefined && { output }) };
    const entry = {
      Source: "aws.states",
      DetailType: "Step Functions Execution Status Change",
      Resources: [execution.executionArn],
      Detail: JSON.stringify(detail),
    };
    announced = announced
      .then(() => host.call("events", "PutEvents", { Entries: [entry] }))
      .catch((error: unknown) => host.log(`states: no event for ${execution.executionArn}: ${String(error)}`));
  };

  const finish = (execution: Execution, end: End, record: Recorder, previous: number): Execution => {
    const { status, ...details } = defined(end);
    record(endEvents[status] ?? status, previous, details);
    const ended = { ...execution, ...details, status, stopDate: Date.now() };
    executions.put(ended.executionArn, ended);
    announce(ended);
    return ended;
  };

  const run = async (machine: Machine, execution: Execution, stop: AbortController): Promise<Execution> => {
    const record = recorder((event) => {
      if (!closed) events.put(historyKey(execution.executionArn, event.id), event);
    });
    let last = 0;
    const remember: Recorder = (type, previous, details) => (last = record(type, previous, details));
    const input = JSON.parse(execution.input) as Json;
    const started = remember("ExecutionStarted", 0, { input: execution.input, roleArn: machine.roleArn });
    const seconds = machine.definition.TimeoutSeconds;
    const timer = seconds && setTimeout(() => stop.abort(new Stop("TIMED_OUT")), seconds * 1000);
    const context = {
      Execution: {
        Id: execution.executionArn,
        Input: input,
        Name: execution.name,
        RoleArn: machine.roleArn,
        StartTime: new Date(execution.startDate).toISOString(),
        RedriveCount: 0,
      },
      StateMachine: { Id: machine.arn, Name: machine.name },
    };
    try {
      const integrate = integration(clientOf(machine.roleArn));
      const outcome = await interpret(
        machine.definition,
        input,
        { context, region: host.region, record: remember, integrate, signal: stop.signal },
        started,
      );
      const output = JSON.stringify(outcome.output);
      return finish(execution, { status: "SUCCEEDED", output }, record, outcome.previous);
    } catch (error) {
      if (closed) return execution;
      return finish(execution, endOf(error), record, last);
    } finally {
      clearTimeout(timer);
      running.delete(execution.executionArn);
    }
  };

  return {
    executions,
    events,
    /** Begins an execution; it goes on after this returns. */
    start(machine: Machine, executionArn: string, name: string, input: string): Execution {
      const execution: Execution = {
        executionArn,
        stateMachineArn: machine.arn,
        name,
        status: "RUNNING",
        startDate: Date.now(),
        input,
      };
      executions.put(executionArn, execution);
      announce(execution);
      const controller = new AbortController();
      const done = run(machine, execution, controller);
      running.set(executionArn, { stop: (reason) => controller.abort(reason), done });
      done.catch((error: unknown) => host.log(`states: ${executionArn} broke: ${String(error)}`));
      return execution;
    },
    /** Aborts a running execution and waits until it has ended; one that has ended stays as it is. */
    async stop(executionArn: string, error?: string, cause?: string): Promise<void> {
      const one = running.get(executionArn);
      one?.stop(new Stop("ABORTED", error, cause));
      await one?.done;
    },
    /** Waits for the end of an execution that runs in this process. */
    ended: async (executionArn: string): Promise<Execution | undefined> => running.get(executionArn)?.done,
    /** Executions that ran when the process died did not end: they are failed now, and said to be. */
    failInterrupted(): void {
      for (const { value: execution } of executions.list()) {
        if (execution.status !== "RUNNING" || running.has(execution.executionArn)) continue;
        const last = events.list(`${execution.executionArn}#`).at(-1)?.value.id ?? 0;
        const record = recorder((event) => events.put(historyKey(execution.executionArn, event.id), event), last);
        const cause = "The embedded cloud stopped while this execution was running.";
        finish(execution, { status: "FAILED", error: "States.Runtime", cause }, record, last);
      }
    },
    /** Stops working on what runs and leaves it as it is: the next start reports it. */
    async close(): Promise<void> {
      closed = true;
      const halted = [...running.values()];
      for (const { stop } of halted) stop(new Stop("ABORTED"));
      await Promise.allSettled(halted.map(({ done }) => done));
      await announced;
    },
  };
};

const endOf = (error: unknown): End => {
  if (error instanceof Stop) {
    return defined({ status: error.status, error: error.error, cause: error.failureCause }) as End;
  }
  const failure = asFailure(error);
  return { status: "FAILED", error: failure.error, cause: failure.failureCause };
};

export type Executions = ReturnType<typeof createExecutions>;
