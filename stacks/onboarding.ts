import { compensateTenant } from "../workflows/compensate-tenant";
import { onboardTenant } from "../workflows/onboard-tenant";
import { renderAsl } from "../workflows/render-asl";
import type { TaskHandler } from "@tenantry/contract/tasks";
import { storagePlane } from "./buckets";
import { admitToCluster, namespacePlane } from "./cluster";
import {
  createSilos,
  database,
  databaseAdmin,
  deleteSilos,
  lookAtSilos,
  readSiloMasters,
  siloClusters,
} from "./database";
import { allow, trustRds } from "./functions";
import { identityPlane } from "./identity";
import { mail, welcomeMail } from "./mail";
import { vpc } from "./network";
import { rotationFunction, secretsFolder, tenantSecrets, turnOnRotation } from "./rotation";
import { longestRetryDelay, mailSender, rotationDays, taskSeconds } from "./settings";
import { controlTable } from "./tables";
import { usageKeyGrants } from "./usage-keys";

const registry = { CONTROL_TABLE: controlTable.name };
const progress = allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], controlTable.arn);
const commit = allow(["dynamodb:PutItem"], controlTable.arn);

const databasePlane = {
  ...registry,
  ...trustRds,
  DATABASE_HOST: database.host,
  DATABASE_PORT: $interpolate`${database.port}`,
  DATABASE_SECRET: databaseAdmin,
  TENANT_SECRETS: secretsFolder,
  ROTATION_FUNCTION: rotationFunction,
  ROTATION_DAYS: rotationDays,
  SILO_CLUSTERS: siloClusters,
};

const task = (name: string, handler: string, args: Partial<sst.aws.FunctionArgs> = {}) =>
  new sst.aws.Function(name, {
    handler: `functions/tasks/${handler}.handler`,
    timeout: `${taskSeconds} seconds`,
    ...args,
  });

const tasks: Record<TaskHandler, sst.aws.Function> = {
  "validate-tenant": task("ValidateTenant", "validate-tenant", { environment: registry, permissions: [progress] }),
  "provision-database": task("ProvisionDatabase", "provision-database", {
    vpc,
    environment: databasePlane,
    permissions: [
      progress,
      allow(["secretsmanager:GetSecretValue"], databaseAdmin, tenantSecrets),
      allow(["secretsmanager:CreateSecret"], tenantSecrets),
      ...turnOnRotation,
      lookAtSilos,
      ...createSilos,
      readSiloMasters,
    ],
  }),
  "provision-storage": task("ProvisionStorage", "provision-storage", {
    environment: { ...registry, ...storagePlane.environment },
    permissions: [progress, ...storagePlane.provision],
  }),
  "provision-identity": task("ProvisionIdentity", "provision-identity", {
    environment: { ...registry, ...identityPlane.environment, ...usageKeyGrants.environment },
    permissions: [progress, commit, ...identityPlane.provision, ...usageKeyGrants.provision],
  }),
  "provision-namespace": task("ProvisionNamespace", "provision-namespace", {
    memory: "1024 MB",
    environment: { ...registry, ...namespacePlane.environment },
    permissions: [progress, ...namespacePlane.provision],
  }),
  "release-database": task("ReleaseDatabase", "release-database", {
    vpc,
    environment: databasePlane,
    permissions: [
      progress,
      allow(["secretsmanager:GetSecretValue"], databaseAdmin),
      allow(["secretsmanager:DeleteSecret"], tenantSecrets),
      lookAtSilos,
      deleteSilos,
    ],
  }),
  "release-storage": task("ReleaseStorage", "release-storage", {
    environment: { ...registry, ...storagePlane.environment },
    permissions: [progress, ...storagePlane.release],
  }),
  "release-identity": task("ReleaseIdentity", "release-identity", {
    environment: { ...registry, ...identityPlane.environment, ...usageKeyGrants.environment },
    permissions: [progress, ...identityPlane.release, ...usageKeyGrants.release],
  }),
  "release-namespace": task("ReleaseNamespace", "release-namespace", {
    memory: "1024 MB",
    environment: { ...registry, ...namespacePlane.environment },
    permissions: [progress, ...namespacePlane.release],
  }),
  "activate-tenant": task("ActivateTenant", "activate-tenant", {
    environment: registry,
    permissions: [progress, commit],
  }),
  "notify-owner": task("NotifyOwner", "notify-owner", {
    environment: { ...registry, MAIL_SENDER: mailSender, MAIL_TEMPLATE: welcomeMail.name },
    permissions: [progress, commit, allow(["ses:SendEmail"], mail.nodes.identity.arn, welcomeMail.arn)],
  }),
  "begin-compensation": task("BeginCompensation", "begin-compensation", {
    environment: registry,
    permissions: [progress, commit],
  }),
  "finish-onboarding": task("FinishOnboarding", "finish-onboarding", {
    environment: registry,
    permissions: [progress],
  }),
  "fail-onboarding": task("FailOnboarding", "fail-onboarding", {
    environment: registry,
    permissions: [progress, commit],
  }),
};

admitToCluster("ProvisionNamespace", tasks["provision-namespace"].nodes.role.arn);
admitToCluster("ReleaseNamespace", tasks["release-namespace"].nodes.role.arn);

const role = new aws.iam.Role("OnboardTenantRole", {
  assumeRolePolicy: aws.iam.assumeRolePolicyForPrincipal({ Service: "states.amazonaws.com" }),
  inlinePolicies: [
    {
      name: "invoke-tasks",
      policy: $jsonStringify({
        Version: "2012-10-17",
        Statement: [
          { Effect: "Allow", Action: "lambda:InvokeFunction", Resource: Object.values(tasks).map((fn) => fn.arn) },
        ],
      }),
    },
  ],
});

const functionArn = (handler: TaskHandler) => tasks[handler].arn;

/** Plain ASL rather than `sst.aws.StepFunctions`, whose role is wide and whose timeouts AWS refuses. */
export const onboarding = new aws.sfn.StateMachine("OnboardTenant", {
  roleArn: role.arn,
  definition: $jsonStringify(renderAsl(onboardTenant, { functionArn, longestRetryDelay })),
});

/** Takes back what an onboarding made whose own execution cannot. */
export const compensation = new aws.sfn.StateMachine("CompensateTenant", {
  roleArn: role.arn,
  definition: $jsonStringify(renderAsl(compensateTenant, { functionArn, longestRetryDelay })),
});
