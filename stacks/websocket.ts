import { taskStatusStage } from "@tenantry/contract/task-status";
import { allow } from "./functions";
import { client, judgeTokens, pool } from "./identity";
import { controlTable, indexesOf } from "./tables";

/** Pushes each change of an operation to whoever watches: `docs/websocket.md`. */
export const taskStatus = new sst.aws.ApiGatewayWebSocket("TaskStatus", {
  accessLog: { retention: "1 month" },
  transform: {
    stage: (args) => {
      args.name = taskStatusStage;
      args.defaultRouteSettings = { throttlingBurstLimit: 200, throttlingRateLimit: 100 };
    },
  },
});

const authorizer = taskStatus.addAuthorizer("AccessToken", {
  lambda: {
    function: {
      handler: "functions/websocket/authorize.handler",
      environment: { CONTROL_TABLE: controlTable.name, USER_POOL_ID: pool.id, USER_POOL_CLIENT_ID: client.id },
      permissions: judgeTokens,
      timeout: "5 seconds",
    },
    // The token is in a header or in the query, so the function looks for it itself.
    identitySources: [],
  },
});

const connections = $interpolate`${taskStatus.nodes.api.executionArn}/${taskStatusStage}`;
const post = allow(["execute-api:ManageConnections"], $interpolate`${connections}/POST/@connections/*`);
const close = allow(["execute-api:ManageConnections"], $interpolate`${connections}/DELETE/@connections/*`);
const forget = [allow(["dynamodb:Query"], indexesOf(controlTable)), allow(["dynamodb:DeleteItem"], controlTable.arn)];

const environment = {
  CONTROL_TABLE: controlTable.name,
  TASK_STATUS_API: taskStatus.nodes.api.id,
  TASK_STATUS_STAGE: taskStatusStage,
};

taskStatus.route("$connect", { handler: "functions/websocket/connect.handler" }, { auth: { lambda: authorizer.id } });
taskStatus.route("$disconnect", {
  handler: "functions/websocket/disconnect.handler",
  environment,
  permissions: forget,
});
taskStatus.route("$default", { handler: "functions/websocket/default.handler", environment, permissions: [post] });
taskStatus.route(
  "subscribe",
  {
    handler: "functions/websocket/subscribe.handler",
    environment,
    permissions: [...forget, post, allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"], controlTable.arn)],
    timeout: "29 seconds",
  },
  { name: "Subscribe" },
);

controlTable.subscribe(
  "PushProgress",
  {
    handler: "functions/websocket/push-progress.handler",
    environment,
    permissions: [...forget, post, close, allow(["dynamodb:PutItem", "dynamodb:Query"], controlTable.arn)],
    // A client that comes back is told again what entered the feed in the minute before: longer than this.
    timeout: "30 seconds",
  },
  {
    filters: [{ eventName: ["INSERT", "MODIFY"], dynamodb: { NewImage: { entity: { S: ["operation"] } } } }],
    transform: {
      eventSourceMapping: (args) => {
        args.startingPosition = "LATEST";
        args.batchSize = 10;
        args.functionResponseTypes = ["ReportBatchItemFailures"];
        args.bisectBatchOnFunctionError = true;
        args.maximumRetryAttempts = 10;
      },
    },
  },
);
