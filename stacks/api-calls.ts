import { api } from "./api";
import { allow, allowKeys } from "./functions";
import { usageStream } from "./metering";
import { controlTable, indexesOf } from "./tables";

// What the API denied goes to the audit trail from here too, so that a flood of denied requests writes next to nothing.
// The API counts its calls from its access log: whoever calls it waits for nothing, and its functions do nothing for it.
const counter = new sst.aws.Function("CountApiCalls", {
  handler: "functions/metering/count-api-calls.handler",
  environment: { USAGE_STREAM: usageStream.name, CONTROL_TABLE: controlTable.name },
  permissions: [
    allow(["kinesis:PutRecords"], usageStream.arn),
    allowKeys(["dynamodb:PutItem"], ["AUDIT#", "DENIALS#"], controlTable.arn),
    allowKeys(["dynamodb:UpdateItem"], ["DENIALS#"], controlTable.arn),
    allowKeys(["dynamodb:Query"], ["DENIALS_DUE"], indexesOf(controlTable)),
  ],
  timeout: "1 minute",
});

const logs = api.nodes.logGroup!;

const invoke = new aws.lambda.Permission("CountApiCallsByLogs", {
  action: "lambda:InvokeFunction",
  function: counter.name,
  principal: "logs.amazonaws.com",
  sourceArn: $interpolate`${logs.arn}:*`,
});

new aws.cloudwatch.LogSubscriptionFilter(
  "ApiAccessLog",
  // All lines: a pattern would have to read JSON, which a client's path or agent can break.
  { logGroup: logs.name, filterPattern: "", destinationArn: counter.arn },
  { dependsOn: invoke },
);
