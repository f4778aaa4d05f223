import { randomBytes } from "node:crypto";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import type { WebhookSecrets } from "@tenantry/core/webhook/ports";

/** Webhooks' signing secrets in Secrets Manager, as `<folder>/<webhook id>`. */
export const webhookSecrets = (folder: string, client = new SecretsManagerClient({})): WebhookSecrets => {
  const nameOf = (webhookId: string) => `${folder}/${webhookId}`;
  const unlessMissing = (error: unknown): null => {
    if (error instanceof ResourceNotFoundException) return null;
    throw error;
  };
  return {
    async create(webhookId) {
      const secret = `whsec_${randomBytes(32).toString("base64")}`;
      await client.send(
        new CreateSecretCommand({
          Name: nameOf(webhookId),
          Description: `Signs what is sent to the webhook ${webhookId}`,
          SecretString: secret,
        }),
      );
      return secret;
    },
    async read(webhookId) {
      const answer = await client.send(new GetSecretValueCommand({ SecretId: nameOf(webhookId) })).catch(unlessMissing);
      return answer?.SecretString ?? null;
    },
    async remove(webhookId) {
      const secret = { SecretId: nameOf(webhookId), ForceDeleteWithoutRecovery: true };
      await client.send(new DeleteSecretCommand(secret)).catch(unlessMissing);
    },
  };
};
