import { type OperationName, type Route, routes } from "@tenantry/contract/routes";
import { allow } from "./functions";
import { gatewayResponses } from "./gateway-responses";
import { client, pool } from "./identity";
import { onboarding } from "./onboarding";
import { cursorSecret } from "./secrets";
import { controlTable, indexesOf, usageTable } from "./tables";

const registry = { CONTROL_TABLE: controlTable.name };
const readRegistry = allow(["dynamodb:GetItem"], controlTable.arn);
const list = {
  environment: { ...registry, CURSOR_SECRET: cursorSecret.arn },
  permissions: [
    allow(["dynamodb:Query"], indexesOf(controlTable)),
    allow(["secretsmanager:GetSecretValue"], cursorSecret.arn),
  ],
};

/** What each operation's function may touch. An operation of the contract without an entry does not compile. */
const grants: Record<OperationName, Omit<sst.aws.FunctionArgs, "handler">> = {
  createTenant: {
    environment: { ...registry, ONBOARDING_STATE_MACHINE: onboarding.arn },
    permissions: [
      allow(["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"], controlTable.arn),
      allow(["states:StartExecution"], onboarding.arn),
    ],
  },
  listTenants: list,
  getTenant: { environment: registry, permissions: [readRegistry] },
  listOperations: list,
  getOperation: { environment: registry, permissions: [readRegistry] },
  getTenantUsage: {
    environment: { ...registry, USAGE_TABLE: usageTable.name },
    permissions: [readRegistry, allow(["dynamodb:Query"], usageTable.arn)],
    timeout: "29 seconds",
  },
  getHealth: {},
  getOpenapi: {},
  getDocs: {},
  getDocsViewer: {
    copyFiles: [{ from: "node_modules/redoc/bundles/redoc.standalone.js", to: "redoc.standalone.js" }],
  },
  getProblem: { copyFiles: [{ from: "docs/problems", to: "problems" }] },
};

export const api = new sst.aws.ApiGatewayV1("Api", {
  cors: false,
  endpoint: { type: "regional" },
  accessLog: { retention: "1 month" },
  transform: {
    deployment: (args, options) => {
      // Gateway responses take effect with a deployment only, so they come first and a change of one makes a new one.
      const responses = gatewayResponses(args.restApi as $util.Input<string>);
      options.dependsOn = responses;
      args.triggers = $util
        .all([args.triggers, ...responses.map((response) => response.responseTemplates)])
        .apply(([triggers, ...templates]) => ({ ...triggers, responses: JSON.stringify(templates) }));
    },
  },
});

const authorizer = api.addAuthorizer({
  name: "AccessToken",
  requestFunction: {
    handler: "functions/triggers/authorizer.handler",
    environment: { USER_POOL_ID: pool.id, USER_POOL_CLIENT_ID: client.id },
    timeout: "5 seconds",
  },
  ttl: 30,
  // The authorizer's policy names one method and path, so both are part of what its answer is cached by.
  identitySource: "method.request.header.Authorization,context.path,context.httpMethod",
});

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

for (const [name, route] of Object.entries(routes) as [OperationName, Route][])
  api.route(
    `${route.method} ${route.path}`,
    { handler: `functions/api/${kebab(name)}.handler`, description: name, ...grants[name] },
    route.permission === null ? {} : { auth: { custom: authorizer.id } },
  );

api.deploy();
