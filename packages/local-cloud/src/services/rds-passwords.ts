import { randomBytes, randomUUID } from "node:crypto";
import { AwsError, type Permission } from "../gateway/service.ts";
import type { GraphResource } from "../deploy/graph.ts";
import type { Host } from "../part.ts";
import { defaultKeyPolicy } from "./kms-keys.ts";

const newPassword = (): string => randomBytes(21).toString("base64url");
const passwordIn = (value: string): string => (JSON.parse(value) as { password: string }).password;
const valueOf = (username: string, password: string): string => JSON.stringify({ username, password });

/** How often RDS changes a password that it manages. */
export const masterRotation = { AutomaticallyAfterDays: 7 } as const;

/** The secret that RDS keeps a cluster's master password in, a new one, as CreateSecret takes it. */
export const masterSecret = (cluster: string, username: string, Name = `rds!cluster-${randomUUID()}`) => ({
  Name,
  Description: `The secret associated with the primary RDS DB cluster: ${cluster}`,
  SecretString: valueOf(username, newPassword()),
  Tags: [
    { Key: "aws:secretsmanager:owningService", Value: "rds" },
    { Key: "aws:rds:primaryDBClusterArn", Value: cluster },
  ],
});

/** The ARN of that secret for a cluster of the stack; undefined where the stack gives the password. */
export const masterSecretOf = ({ outputs }: GraphResource): string | undefined =>
  (outputs["masterUserSecrets"] as readonly { readonly secretArn: string }[] | undefined)?.[0]?.secretArn;

/**
 * Master passwords that RDS makes, keeps in Secrets Manager and rotates every seven days by itself.
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
 */
export const managedPasswords = ({ call, region, account }: Pick<Host, "call" | "region" | "account">) => {
  const ask = (action: string, input: object) => call("secretsmanager", action, input) as Promise<{ ARN: string }>;
  return {
    /** What the caller must be allowed, beside the cluster: RDS makes the secret in the caller's name. */
    permissions: [
      ...["CreateSecret", "TagResource"].map((action) => ({
        action: `secretsmanager:${action}`,
        resource: `arn:aws:secretsmanager:${region}:${account}:secret:rds!cluster-${"0".repeat(8)}-000000`,
      })),
      {
        action: "kms:DescribeKey",
        resource: `arn:aws:kms:${region}:${account}:key/aws-secretsmanager`,
        policy: defaultKeyPolicy(account),
      },
    ] satisfies Permission[],

    async create(cluster: string, username: string): Promise<{ secret: string; password: string }> {
      const wanted = masterSecret(cluster, username);
      const { ARN } = await ask("CreateSecret", wanted);
      await ask("RotateSecret", { SecretId: ARN, RotationRules: masterRotation, RotateImmediately: false });
      return { secret: ARN, password: passwordIn(wanted.SecretString) };
    },

    /** The current password. */
    async read(secret: string): Promise<string> {
      const { SecretString } = (await call("secretsmanager", "GetSecretValue", { SecretId: secret })) as {
        SecretString: string;
      };
      return passwordIn(SecretString);
    },

    /** A new password, as a version of the secret that is not the current one yet. */
    async propose(secret: string, username: string): Promise<{ version: string; password: string }> {
      const [version, password] = [randomUUID(), newPassword()];
      await ask("PutSecretValue", {
        SecretId: secret,
        ClientRequestToken: version,
        SecretString: valueOf(username, password),
        VersionStages: ["AWSPENDING"],
      });
      return { version, password };
    },

    /** Makes the version the current one. Idempotent. */
    async settle(secret: string, version: string): Promise<void> {
      const { VersionIdsToStages } = (await call("secretsmanager", "DescribeSecret", { SecretId: secret })) as {
        VersionIdsToStages: Record<string, string[]>;
      };
      const [current] = Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes("AWSCURRENT")) ?? [];
      await ask("UpdateSecretVersionStage", {
        SecretId: secret,
        VersionStage: "AWSCURRENT",
        MoveToVersionId: version,
        RemoveFromVersionId: current,
      });
    },

    async remove(secret: string): Promise<void> {
      await ask("DeleteSecret", { SecretId: secret, ForceDeleteWithoutRecovery: true }).catch((error: unknown) => {
        if (!(error instanceof AwsError) || error.code !== "ResourceNotFoundException") throw error;
      });
    },
  };
};
