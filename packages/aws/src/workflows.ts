import { ExecutionAlreadyExists, SFNClient, StartExecutionCommand } from "@aws-sdk/client-sfn";
import type { Workflows } from "@tenantry/core/ports";

/** Workflows as Step Functions state machines. */
export const stepFunctions = (onboardingArn: string, client = new SFNClient({})): Workflows => ({
  async startOnboarding(input) {
    const start = new StartExecutionCommand({
      stateMachineArn: onboardingArn,
      name: input.operation_id,
      input: JSON.stringify(input),
    });
    await client.send(start).catch((error: unknown) => {
      if (!(error instanceof ExecutionAlreadyExists)) throw error;
    });
  },
});
