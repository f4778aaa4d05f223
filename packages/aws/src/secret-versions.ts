import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import type { SecretVersions } from "@tenantry/core/rotation/ports";
import type { z } from "zod";
import { parseSecret } from "./tenant-secrets.ts";

/** Versions of secrets in Secrets Manager, whose values are JSON of this shape. */
export const secretVersions = <T>(schema: z.ZodType<T>, client = new SecretsManagerClient({})): SecretVersions<T> => ({
  async labels(secretId) {
    const { VersionIdsToStages = {} } = await client.send(new DescribeSecretCommand({ SecretId: secretId }));
    return VersionIdsToStages;
  },
  async value(secretId, versionId) {
    try {
      const { SecretString } = await client.send(
        new GetSecretValueCommand({ SecretId: secretId, VersionId: versionId }),
      );
      return parseSecret(schema, SecretString, secretId);
    } catch (error) {
      // A version that a rotation has just begun is there and has no value.
      if (error instanceof ResourceNotFoundException) return null;
      throw error;
    }
  },
  async put(secretId, versionId, value) {
    await client.send(
      new PutSecretValueCommand({
        SecretId: secretId,
        ClientRequestToken: versionId,
        SecretString: JSON.stringify(value),
        VersionStages: ["AWSPENDING"],
      }),
    );
  },
  async makeCurrent(secretId, versionId, instead) {
    await client.send(
      new UpdateSecretVersionStageCommand({
        SecretId: secretId,
        VersionStage: "AWSCURRENT",
        MoveToVersionId: versionId,
        RemoveFromVersionId: instead,
      }),
    );
  },
});
