import { randomUUID } from "node:crypto";
import { AwsError, type Service } from "../../gateway/service.ts";
import { jsonService } from "../../protocols/json.ts";
import { readHistory } from "./history.ts";
import type { Execution, Executions } from "./executions.ts";
import type { Machine } from "./machines.ts";
import { page } from "./page.ts";

type Machines = () => ReadonlyMap<string, Machine>;

const seconds = (milliseconds: number): number => milliseconds / 1000;
const largestInput = 262_144;

const invalid = (message: string): AwsError => new AwsError("ValidationException", message);

const text = (input: Record<string, unknown>, field: string): string => {
  const value = input[field];
  if (typeof value === "string" && value !== "") return value;
  throw invalid(
    `1 validation error detected: Value at '${field}' failed to satisfy constraint: Member must not be null`,
  );
};

const executionName = (name: unknown): string => {
  if (name === undefined) return randomUUID();
  // oxlint-disable-next-line no-control-regex -- AWS refuses control characters in names
  if (typeof name === "string" && /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]{1,80}$/.test(name))
    return name;
  throw new AwsError("InvalidName", `Invalid Name: '${JSON.stringify(name)}'`);
};

const executionInput = (input: unknown): string => {
  const written = input ?? "{}";
  if (typeof written !== "string") throw new AwsError("SerializationException", "The input is not a string");
  if (Buffer.byteLength(written) > largestInput) {
    throw invalid(
      `1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less than or equal to ${largestInput}`,
    );
  }
  try {
    JSON.parse(written);
  } catch (error) {
    throw new AwsError("InvalidExecutionInput", `Invalid State Machine Execution Input: '${String(error)}'`);
  }
  return written;
};

const describe = (execution: Execution) => {
  const { startDate, stopDate, output, ...rest } = execution;
  return {
    ...rest,
    startDate: seconds(startDate),
    inputDetails: { included: true },
    ...(stopDate !== undefined && { stopDate: seconds(stopDate) }),
    ...(output !== undefined && { output, outputDetails: { included: true } }),
    redriveCount: 0,
    redriveStatus: "NOT_REDRIVABLE",
    redriveStatusReason: "The embedded cloud does not redrive executions.",
  };
};

const summary = ({ executionArn, stateMachineArn, name, status, startDate, stopDate }: Execution) => ({
  executionArn,
  stateMachineArn,
  name,
  status,
  startDate: seconds(startDate),
  ...(stopDate !== undefined && { stopDate: seconds(stopDate) }),
  redriveCount: 0,
});

/** Step Functions' API. */
export const statesService = (machines: Machines, executions: Executions): Service => {
  const machine = (input: Record<string, unknown>): Machine => {
    const arn = text(input, "stateMachineArn");
    const found = machines().get(arn);
    if (found) return found;
    throw new AwsError("StateMachineDoesNotExist", `State Machine Does Not Exist: '${arn}'`);
  };
  const execution = (input: Record<string, unknown>): Execution => {
    const arn = text(input, "executionArn");
    const found = executions.executions.get(arn);
    if (found && !arn.includes(":express:")) return found;
    throw new AwsError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
  };
  const begin = (input: Record<string, unknown>, target: Machine): Execution => {
    const name = executionName(input["name"]);
    const given = executionInput(input["input"]);
    if (target.type === "EXPRESS") {
      const arn = target.arn.replace(":stateMachine:", ":express:");
      return executions.start(target, `${arn}:${name}:${randomUUID()}`, name, given);
    }
    const arn = `${target.arn.replace(":stateMachine:", ":execution:")}:${name}`;
    const earlier = executions.executions.get(arn);
    if (earlier === undefined) return executions.start(target, arn, name, given);
    if (earlier.status === "RUNNING" && earlier.input === given) return earlier;
    throw new AwsError("ExecutionAlreadyExists", `Execution Already Exists: '${arn}'`);
  };
  return jsonService({
    name: "states",
    target: "AWSStepFunctions",
    version: "1.0",
    actions: {
      StartExecution(input) {
        const { executionArn, startDate } = begin(input, machine(input));
        return { executionArn, startDate: seconds(startDate) };
      },
      async StartSyncExecution(input) {
        const target = machine(input);
        if (target.type !== "EXPRESS") {
          throw new AwsError(
            "StateMachineTypeNotSupported",
            "This operation is not supported by this type of state machine",
          );
        }
        const started = begin(input, target);
        const {
          redriveCount: _c,
          redriveStatus: _s,
          redriveStatusReason: _r,
          ...ended
        } = describe((await executions.ended(started.executionArn)) ?? started);
        return ended;
      },
      async StopExecution(input) {
        const { executionArn, startDate, stopDate } = execution(input);
        await executions.stop(executionArn, input.error, input.cause);
        const ended = executions.executions.get(executionArn)?.stopDate ?? stopDate ?? startDate;
        return { stopDate: seconds(ended) };
      },
      DescribeExecution: (input) => describe(execution(input)),
      GetExecutionHistory(input) {
        const events = readHistory(executions.events, execution(input).executionArn);
        if (input.reverseOrder === true) events.reverse();
        const data = input.includeExecutionData !== false;
        const { items, nextToken } = page(events, input, 1000);
        return { events: data ? items : items.map(withoutData), nextToken };
      },
      ListExecutions(input) {
        const { arn } = machine(input);
        const found = executions.executions
          .list(`${arn.replace(":stateMachine:", ":execution:")}:`)
          .map(({ value }) => value)
          .filter(({ status }) => input.statusFilter === undefined || status === input.statusFilter)
          .toSorted((a, b) => b.startDate - a.startDate || a.name.localeCompare(b.name));
        const { items, nextToken } = page(found, input, 100);
        return { executions: items.map(summary), nextToken };
      },
      DescribeStateMachine: (input) => describeMachine(machine(input)),
      DescribeStateMachineForExecution(input) {
        const {
          status: _s,
          type: _t,
          creationDate,
          ...rest
        } = describeMachine(machine({ stateMachineArn: execution(input).stateMachineArn }));
        return { ...rest, updateDate: creationDate };
      },
      ListStateMachines(input) {
        const { items, nextToken } = page([...machines().values()], input, 100);
        const stateMachines = items.map(({ arn, name, type, creationDate }) => ({
          stateMachineArn: arn,
          name,
          type,
          creationDate: seconds(creationDate),
        }));
        return { stateMachines, nextToken };
      },
    },
  });
};

const describeMachine = ({ arn, name, roleArn, type, text: definition, creationDate }: Machine) => ({
  stateMachineArn: arn,
  name,
  status: "ACTIVE",
  definition,
  roleArn,
  type,
  creationDate: seconds(creationDate),
  loggingConfiguration: { level: "OFF", includeExecutionData: false },
  tracingConfiguration: { enabled: false },
});

const withoutData = (event: object): object =>
  Object.fromEntries(
    Object.entries(event).map(([key, value]) => {
      if (typeof value !== "object") return [key, value];
      const { input: _i, output: _o, parameters: _p, ...rest } = value as Record<string, unknown>;
      return [key, rest];
    }),
  );
