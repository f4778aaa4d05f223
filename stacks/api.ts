import { type OperationName, type Route, routes } from "@tenantry/contract/routes";
import { storageCredentials, tenantDataRole } from "./buckets";
import { allow } from "./functions";
import { gatewayResponses } from "./gateway-responses";
import { client, pool } from "./identity";
import { compensation, onboarding } from "./onboarding";
import { cursorSecret } from "./secrets";
import { tenantLimits } from "./settings";
import { executionsOf } from "./settling";
import { controlTable, indexesOf, usageTable } from "./tables";
import { webhookQueue, webhookSecretsArn, webhookSettings } from "./webhooks";

const registry = { CONTROL_TABLE: controlTable.name };
const readRegistry = allow(["dynamodb:GetItem"], controlTable.arn);
const machines = { ONBOARDING_STATE_MACHINE: onboarding.arn, COMPENSATION_STATE_MACHINE: compensation.arn };
/** What an idempotency key needs of the table: it is put, updated with the answer, or deleted after a failure. */
const keyed = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];
const list = {
  environment: { ...registry, CURSOR_SECRET: cursorSecret.arn },
  permissions: [
    allow(["dynamodb:Query"], indexesOf(controlTable)),
    allow(["secretsmanager:GetSecretValue"], cursorSecret.arn),
  ],
};

/** Issuers and nothing else: the authorizer asks whose client a token came from. */
const readIssuers = {
  ...readRegistry,
  conditions: [{ test: "ForAllValues:StringLike", variable: "dynamodb:LeadingKeys", values: ["ISSUER#*"] }],
};

/** What each operation's function may touch. An operation of the contract without an entry does not compile. */
const grants: Record<OperationName, Omit<sst.aws.FunctionArgs, "handler">> = {
  createTenant: {
    environment: { ...registry, ...machines, TENANT_LIMITS: tenantLimits },
    permissions: [
      allow(keyed, controlTable.arn),
      allow(["dynamodb:Query"], indexesOf(controlTable)),
      allow(["states:StartExecution"], onboarding.arn),
    ],
  },
  retryOperation: {
    environment: { ...registry, ...machines },
    permissions: [allow(keyed, controlTable.arn), allow(["states:StartExecution"], onboarding.arn)],
  },
  cancelOperation: {
    environment: { ...registry, ...machines },
    permissions: [
      allow(keyed, controlTable.arn),
      allow(["states:StartExecution"], compensation.arn),
      allow(["states:StopExecution"], executionsOf(onboarding)),
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
  createStorageCredentials: storageCredentials(controlTable),
  createOwnStorageCredentials: storageCredentials(controlTable),
  createWebhook: {
    environment: { ...registry, ...webhookSettings.secrets, ...webhookSettings.receivers },
    permissions: [
      allow(["dynamodb:GetItem", "dynamodb:PutItem"], controlTable.arn),
      allow(["secretsmanager:CreateSecret", "secretsmanager:DeleteSecret"], webhookSecretsArn),
    ],
    timeout: "15 seconds", // a name that does not resolve takes its time
  },
  listWebhooks: list,
  getWebhook: { environment: registry, permissions: [readRegistry] },
  deleteWebhook: {
    environment: { ...registry, ...webhookSettings.secrets },
    permissions: [
      allow(["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"], controlTable.arn),
      allow(["secretsmanager:DeleteSecret"], webhookSecretsArn),
    ],
  },
  listWebhookDeliveries: { ...list, permissions: [...list.permissions, readRegistry] },
  redeliverWebhook: {
    environment: { ...registry, ...webhookSettings.queue },
    permissions: [
      allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], controlTable.arn),
      allow(["sqs:SendMessage"], webhookQueue.arn),
    ],
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
    environment: { ...registry, USER_POOL_ID: pool.id, USER_POOL_CLIENT_ID: client.id },
    permissions: [readIssuers],
    timeout: "5 seconds",
  },
  // With what the authorizer itself remembers, whoever is shut out is out within half a minute.
  ttl: 20,
  // The authorizer's policy names one method and path, so both are part of what its answer is cached by.
  identitySource: "method.request.header.Authorization,context.path,context.httpMethod",
});

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const made: Partial<Record<OperationName, ReturnType<typeof api.route>>> = {};

for (const [name, route] of Object.entries(routes) as [OperationName, Route][])
  made[name] = api.route(
    `${route.method} ${route.path}`,
    { handler: `functions/api/${kebab(name)}.handler`, description: name, ...grants[name] },
    route.permission === null ? {} : { auth: { custom: authorizer.id } },
  );

tenantDataRole(
  (["createStorageCredentials", "createOwnStorageCredentials"] as const).map((name) =>
    made[name]!.nodes.function.apply((fn) => fn.nodes.role.arn),
  ),
);

api.deploy();
