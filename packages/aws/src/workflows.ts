import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { type WorkflowName, workflowOf } from "@tenantry/core/operation/transitions";
import type { ExecutionState, Workflows } from "@tenantry/core/ports";

/** Workflows as Step Functions state machines. */
export const stepFunctions = (
  machines: Readonly<Record<WorkflowName, string>>,
  client = new SFNClient({}),
): Workflows => {
  const arnOf = (execution: string): string =>
    `${machines[workflowOf(execution)].replace(":stateMachine:", ":execution:")}:${execution}`;
  return {
    async start({ id, tenant_id, execution }) {
      const start = new StartExecutionCommand({
        stateMachineArn: machines[workflowOf(execution)],
        name: execution,
        input: JSON.stringify({ operation_id: id, tenant_id }),
      });
      await client.send(start).catch((error: unknown) => {
        if (!(error instanceof ExecutionAlreadyExists)) throw error;
      });
    },

    async stop(execution, { code, message }) {
      const stop = new StopExecutionCommand({ executionArn: arnOf(execution), error: code, cause: message });
      await client.send(stop).catch((error: unknown) => {
        if (!(error instanceof ExecutionDoesNotExist)) throw error;
      });
    },

    async look(execution): Promise<ExecutionState> {
      try {
        const { status, cause, error } = await client.send(
          new DescribeExecutionCommand({ executionArn: arnOf(execution) }),
        );
        if (status === "RUNNING" || status === "PENDING_REDRIVE") return "running";
        const why = [error, cause].filter(Boolean).join(": ").slice(0, 1000);
        const how = outcomes[status ?? ""] ?? "ended";
        return {
          error: {
            code: `Execution${how}`,
            message: `The execution ended without telling (${how})${why && `: ${why}`}.`,
          },
        };
      } catch (error) {
        if (error instanceof ExecutionDoesNotExist) return "missing";
        throw error;
      }
    },
  };
};

const outcomes: Record<string, string> = {
  SUCCEEDED: "Succeeded",
  FAILED: "Failed",
  TIMED_OUT: "TimedOut",
  ABORTED: "Aborted",
};
