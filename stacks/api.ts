import { accessLogFormat } from "@tenantry/contract/access-log";
import { isQuotaBound } from "@tenantry/contract/quota-bound";
import { type OperationName, type Route, routes } from "@tenantry/contract/routes";
import { storageCredentials, tenantDataRole } from "./buckets";
import { sessionGrants } from "./grants/sessions";
import { allow, allowKeys } from "./functions";
import { ssoGrants } from "./grants/sso";
import { userGrants } from "./grants/users";
import { gatewayResponses } from "./gateway-responses";
import { adjustmentGrants } from "./grants/adjustments";
import { impersonationGrants } from "./grants/impersonations";
import { keyGrants } from "./grants/keys";
import { quarantineGrants } from "./grants/quarantine";
import { intakeGrant } from "./grants/intake";
import { billingGrants } from "./grants/billing";
import { entitlementGrants } from "./grants/entitlements";
import { idempotent } from "./idempotency";
import { client, judgeKeys, judgeTokens, pool } from "./identity";
import { compensation, onboarding } from "./onboarding";
import { cursorSecret } from "./secrets";
import { tenantLimits } from "./settings";
import { executionsOf } from "./settling";
import { usageGrants } from "./grants/usage";
import { controlTable, indexesOf } from "./tables";
import { sharedKeys } from "./usage-keys";
import { webhookQueue, webhookSecretsArn, webhookSettings } from "./webhooks";

const registry = { CONTROL_TABLE: controlTable.name };
const readRegistry = allow(["dynamodb:GetItem"], controlTable.arn);
const machines = { ONBOARDING_STATE_MACHINE: onboarding.arn, COMPENSATION_STATE_MACHINE: compensation.arn };
const write = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"];
const list = {
  environment: { ...registry, CURSOR_SECRET: cursorSecret.arn },
  permissions: [
    allow(["dynamodb:Query"], indexesOf(controlTable)),
    allow(["secretsmanager:GetSecretValue"], cursorSecret.arn),
  ],
};

type Grant = Omit<sst.aws.FunctionArgs, "handler" | "environment" | "permissions"> & {
  readonly environment?: Record<string, $util.Input<string>>;
  readonly permissions?: sst.aws.FunctionPermissionArgs[];
};

/** The trail of one tenant is a partition; that of all is an index. */
const audit = (prefix: string) => ({
  ...list,
  permissions: [...list.permissions, allowKeys(["dynamodb:Query"], [prefix], controlTable.arn)],
});

/** Operations that another one's function answers, as it needs the same permissions: each function costs a deployment its time. */
const answeredBy = {
  getTenantSso: "getSso",
  deleteSso: "putSso",
  putTenantSso: "putSso",
  deleteTenantSso: "putSso",
} as const satisfies Partial<Record<OperationName, OperationName>>;
type Answered = keyof typeof answeredBy;
const isAnswered = (name: OperationName): name is Answered => Object.hasOwn(answeredBy, name);

/** What each operation's function may touch. An operation of the contract without an entry does not compile. */
const grants: Record<Exclude<OperationName, Answered>, Grant> = {
  createTenant: {
    environment: { ...registry, ...machines, TENANT_LIMITS: tenantLimits },
    permissions: [
      allow([...write, "dynamodb:DeleteItem"], controlTable.arn), // a registration may be withdrawn
      allow(["states:StartExecution"], onboarding.arn),
    ],
  },
  retryOperation: {
    environment: { ...registry, ...machines, TENANT_LIMITS: tenantLimits },
    permissions: [allow(write, controlTable.arn), allow(["states:StartExecution"], onboarding.arn)],
  },
  cancelOperation: {
    environment: { ...registry, ...machines },
    permissions: [
      allow(write, controlTable.arn),
      allow(["states:StartExecution"], compensation.arn),
      allow(["states:StopExecution"], executionsOf(onboarding)),
    ],
  },
  listTenants: list,
  getTenant: { environment: registry, permissions: [readRegistry] },
  listOperations: list,
  getOperation: { environment: registry, permissions: [readRegistry] },
  ...usageGrants,
  submitUsageEvents: intakeGrant,
  createStorageCredentials: storageCredentials(controlTable),
  createOwnStorageCredentials: storageCredentials(controlTable),
  createWebhook: {
    environment: { ...registry, ...webhookSettings.secrets, ...webhookSettings.receivers },
    permissions: [
      allow(["dynamodb:GetItem", "dynamodb:PutItem"], controlTable.arn),
      allow(
        ["secretsmanager:CreateSecret", "secretsmanager:DeleteSecret", "secretsmanager:GetSecretValue"],
        webhookSecretsArn,
      ),
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
  enableWebhook: { environment: registry, permissions: [allow(write, controlTable.arn)] },
  rotateWebhookSecret: {
    environment: { ...registry, ...webhookSettings.secrets },
    permissions: [
      allow(write, controlTable.arn),
      allow(["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], webhookSecretsArn),
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
  ...quarantineGrants,
  ...adjustmentGrants,
  ...billingGrants,
  ...sessionGrants,
  ...entitlementGrants,
  listAudit: audit("AUDIT#"),
  listOwnAudit: audit("AUDIT#ten_"),
  ...userGrants,
  ...ssoGrants,
  ...impersonationGrants,
  ...keyGrants,
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
    api: (args) => {
      // What a request is counted under is the authorizer's to say: a header would be the caller's.
      args.apiKeySource = "AUTHORIZER";
    },
    stage: (args) => {
      args.accessLogSettings = $util
        .output(args.accessLogSettings)
        .apply((settings) => ({ destinationArn: settings!.destinationArn, format: accessLogFormat }));
    },
    deployment: (args, options) => {
      // Gateway responses take effect with a deployment only, so they come first and a change of one makes a new one.
      const responses = gatewayResponses(args.restApi as $util.Input<string>);
      options.dependsOn = responses;
      args.triggers = $util
        .all([args.triggers, ...responses.map((response) => response.responseTemplates)])
        .apply(([triggers, ...templates]) => ({
          ...triggers,
          keys: "AUTHORIZER",
          responses: JSON.stringify(templates),
        }));
    },
  },
});

const authorizer = api.addAuthorizer({
  name: "AccessToken",
  requestFunction: {
    handler: "functions/triggers/authorizer.handler",
    environment: {
      ...registry,
      USER_POOL_ID: pool.id,
      USER_POOL_CLIENT_ID: client.id,
      PLATFORM_USAGE_KEY: sharedKeys.platform.value,
      SHARED_USAGE_KEY: sharedKeys.others.value,
    },
    permissions: [...judgeTokens, ...judgeKeys],
    timeout: "5 seconds",
  },
  // With what the authorizer itself remembers, whoever is shut out is out within half a minute.
  ttl: 20,
  // The authorizer's policy names one method and path, so both are part of what its answer is cached by.
  identitySource: "method.request.header.Authorization,context.path,context.httpMethod",
});

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const made: Partial<Record<OperationName, ReturnType<typeof api.route>>> = {};

/** Whether a hard quota of the caller's tenant is reached. */
const readStanding = allowKeys(["dynamodb:GetItem"], ["ENTITLEMENTS#"], controlTable.arn);

/** A POST without what idempotency keys need cannot be declared, nor can what quotas refuse without a look at them. */
const granted = (name: Exclude<OperationName, Answered>, route: Route): Grant => {
  const own = grants[name];
  const { environment, permissions } =
    route.method === "POST" ? idempotent(name) : { environment: {}, permissions: [] };
  return {
    ...own,
    environment: { ...own.environment, ...environment },
    permissions: [...(own.permissions ?? []), ...permissions, ...(isQuotaBound(route) ? [readStanding] : [])],
  };
};

/** Functions first: others' routes lead to them. */
const ordered = (Object.entries(routes) as [OperationName, Route][]).toSorted(
  ([a], [b]) => Number(isAnswered(a)) - Number(isAnswered(b)),
);

for (const [name, route] of ordered)
  made[name] = api.route(
    `${route.method} ${route.path}`,
    isAnswered(name)
      ? made[answeredBy[name]]!.nodes.function.apply((fn) => fn.arn)
      : { handler: `functions/api/${kebab(name)}.handler`, description: name, ...granted(name, route) },
    route.permission === null ? {} : { auth: { custom: authorizer.id }, apiKey: true },
  );

tenantDataRole(
  (["createStorageCredentials", "createOwnStorageCredentials"] as const).map((name) =>
    made[name]!.nodes.function.apply((fn) => fn.nodes.role.arn),
  ),
);

api.deploy();
