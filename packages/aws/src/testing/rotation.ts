import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { rotateSecret } from "@tenantry/core/rotation/rotate-secret";
import type { RotationStep } from "@tenantry/core/rotation/ports";
import type { graphOf } from "@tenantry/local-cloud/gateway/testing";
import type { Invocation } from "@tenantry/local-cloud/part";
import { databaseLogins } from "../database-logins.ts";
import { secretVersions } from "../secret-versions.ts";
import { DatabaseCredentials, loginFrom } from "../tenant-secrets.ts";

const name = "rotate-database-login";
const functionArn = `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
export const rotationSettings = { functionArn, days: 30 };

type Resource = Parameters<typeof graphOf>[0];

/** The rotation function, as the stack deploys it: Secrets Manager may invoke it. */
export const rotationResources: readonly Resource[] = [
  { type: "aws:lambda/function:Function", name: "Rotate", inputs: {}, outputs: { name, arn: functionArn } },
  {
    type: "aws:lambda/permission:Permission",
    name: "RotatePermission",
    inputs: { function: name, principal: "secretsmanager.amazonaws.com" },
  },
];

type Event = { readonly SecretId: string; readonly ClientRequestToken: string; readonly Step: RotationStep };

/** Runs the rotation in this process, on the services of the cloud. `before` may throw, as a function that dies. */
export const rotationFunction =
  (cloud: () => { client: SecretsManagerClient; ca: string }, before: (step: RotationStep) => void = () => {}) =>
  async (_name: string, payload: unknown): Promise<Invocation> => {
    const { SecretId, ClientRequestToken, Step } = payload as Event;
    const { client, ca } = cloud();
    const logins = databaseLogins((masterArn) => loginFrom(masterArn, client)(), { ca });
    const run = rotateSecret({ versions: secretVersions(DatabaseCredentials, client), logins });
    try {
      before(Step);
      await run({ secretId: SecretId, versionId: ClientRequestToken, step: Step });
      return { payload: null };
    } catch (error) {
      const { name: errorType, message: errorMessage } = error instanceof Error ? error : new Error(String(error));
      return { payload: null, error: { errorType, errorMessage } };
    }
  };
