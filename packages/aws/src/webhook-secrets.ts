import { createHash, randomBytes } from "node:crypto";
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import type { WebhookSecrets } from "@tenantry/core/webhook/ports";
import { z } from "zod";

/** `serial` counts rotations. Those of before stand under `previous`, the newest first, each with its end. */
const Kept = z.object({
  serial: z.int(),
  current: z.string(),
  previous: z.array(z.object({ secret: z.string(), until: z.string() })),
});
type Kept = z.infer<typeof Kept>;

/** So many that are still good stand beside a new one at most: a header has room for some signatures, not for any number. */
const mostPrevious = 4;

const newSecret = (): string => `whsec_${randomBytes(32).toString("base64")}`;

/** Webhooks' signing secrets in Secrets Manager, as `<folder>/<webhook id>`. */
export const webhookSecrets = (folder: string, client = new SecretsManagerClient({})): WebhookSecrets => {
  const nameOf = (webhookId: string) => `${folder}/${webhookId}`;
  const unlessMissing = (error: unknown): null => {
    if (error instanceof ResourceNotFoundException) return null;
    throw error;
  };
  const load = async (webhookId: string): Promise<Kept | null> => {
    const answer = await client.send(new GetSecretValueCommand({ SecretId: nameOf(webhookId) })).catch(unlessMissing);
    const text = answer?.SecretString;
    if (text === undefined) return null;
    // As it was kept before there was rotation.
    if (text.startsWith("whsec_")) return { serial: 0, current: text, previous: [] };
    return Kept.parse(JSON.parse(text));
  };
  return {
    async create(webhookId) {
      const current = newSecret();
      await client.send(
        new CreateSecretCommand({
          Name: nameOf(webhookId),
          Description: `Signs what is sent to the webhook ${webhookId}`,
          SecretString: JSON.stringify({ serial: 0, current, previous: [] } satisfies Kept),
        }),
      );
      return current;
    },
    async read(webhookId, now) {
      const kept = await load(webhookId);
      if (kept === null) return null;
      return [kept.current, ...kept.previous.filter(({ until }) => until > now).map(({ secret }) => secret)];
    },
    async rotate(webhookId, now, until) {
      const kept = await load(webhookId);
      if (kept === null) return null;
      const serial = kept.serial + 1;
      const earlier = kept.previous.map((one) => (one.until < until ? one : { ...one, until }));
      const previous = [{ secret: kept.current, until }, ...earlier]
        .filter((one) => one.until > now)
        .slice(0, mostPrevious);
      const next = { serial, current: newSecret(), previous } satisfies Kept;
      try {
        await client.send(
          new PutSecretValueCommand({
            SecretId: nameOf(webhookId),
            // The same for every rotation of this serial: Secrets Manager takes one value for it and refuses another.
            ClientRequestToken: createHash("sha256").update(`${webhookId} ${serial}`).digest("hex").slice(0, 32),
            SecretString: JSON.stringify(next),
          }),
        );
        return next.current;
      } catch (error) {
        if (error instanceof ResourceExistsException) return null;
        throw error;
      }
    },
    async remove(webhookId) {
      const secret = { SecretId: nameOf(webhookId), ForceDeleteWithoutRecovery: true };
      await client.send(new DeleteSecretCommand(secret)).catch(unlessMissing);
    },
  };
};
