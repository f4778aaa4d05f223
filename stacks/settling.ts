import { allow } from "./functions";
import { compensation, onboarding } from "./onboarding";
import { controlTable, indexesOf } from "./tables";

/** Where an execution's own ARN stands for each run of a state machine. */
export const executionsOf = (machine: aws.sfn.StateMachine) =>
  machine.arn.apply((arn) => `${arn.replace(":stateMachine:", ":execution:")}:*`);

const settling = {
  environment: {
    CONTROL_TABLE: controlTable.name,
    ONBOARDING_STATE_MACHINE: onboarding.arn,
    COMPENSATION_STATE_MACHINE: compensation.arn,
  },
  permissions: [
    allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], controlTable.arn),
    allow(["states:StartExecution"], onboarding.arn, compensation.arn),
    allow(["states:DescribeExecution"], executionsOf(onboarding), executionsOf(compensation)),
  ],
};

// An execution that is killed cannot say so. Step Functions does, on the account's default bus.
sst.aws.Bus.subscribe(
  "SettleExecution",
  $interpolate`arn:aws:events:${aws.getRegionOutput().region}:${aws.getCallerIdentityOutput().accountId}:event-bus/default`,
  { handler: "functions/triggers/settle-execution.handler", timeout: "30 seconds", ...settling },
  {
    pattern: {
      source: ["aws.states"],
      detailType: ["Step Functions Execution Status Change"],
      detail: {
        status: ["FAILED", "TIMED_OUT", "ABORTED"],
        stateMachineArn: [onboarding.arn, compensation.arn],
      },
    },
  },
);

// Events are delivered at least once but not for ever; and a compensation that failed wants to be tried again.
new sst.aws.CronV2("SweepOperations", {
  schedule: "rate(5 minutes)",
  function: {
    handler: "functions/triggers/sweep-operations.handler",
    timeout: "2 minutes",
    ...settling,
    permissions: [...settling.permissions, allow(["dynamodb:Query"], indexesOf(controlTable))],
  },
});
