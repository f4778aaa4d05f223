import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  InvalidRequestException,
  ResourceExistsException,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { randomBytes } from "node:crypto";
import { TransientError } from "@tenantry/core/provisioning/errors";
import { z } from "zod";

/** As RDS and its rotation functions write database secrets. */
export const DatabaseCredentials = z.object({
  username: z.string(),
  password: z.string(),
  host: z.string(),
  port: z.int(),
  dbname: z.string(),
});
export type DatabaseCredentials = z.infer<typeof DatabaseCredentials>;

const Login = z.object({ username: z.string(), password: z.string() });
type Login = z.infer<typeof Login>;

export type StoredCredentials = { readonly arn: string; readonly credentials: DatabaseCredentials };

/** Whoever asks twice for a secret gets the first answer: the one there is, or else a fresh one, stored. */
export interface TenantSecrets {
  /** The tenant's login to its database. */
  database(tenantId: string, fresh: () => DatabaseCredentials): Promise<StoredCredentials>;
  /** The administrator of the tenant's own cluster. */
  master(tenantId: string): Promise<Login>;
  /** The login that pooled services share. */
  services(fresh: () => DatabaseCredentials): Promise<StoredCredentials>;
  /** Removes the tenant's secrets of this plane at once, those there are. */
  remove(tenantId: string): Promise<void>;
}

/** Tenants' secrets under `<folder>/<tenant id>/` in Secrets Manager. */
export const tenantSecrets = (folder: string, client = new SecretsManagerClient({})): TenantSecrets => {
  const names = (tenantId: string) => ({
    database: `${folder}/${tenantId}/database`,
    master: `${folder}/${tenantId}/database-master`,
  });
  return {
    async database(tenantId, fresh) {
      const description = `Database login of the tenant ${tenantId}`;
      const { arn, value } = await ensure(client, names(tenantId).database, description, DatabaseCredentials, fresh);
      return { arn, credentials: value };
    },
    async master(tenantId) {
      const description = `Administrator of the database cluster of the tenant ${tenantId}`;
      const fresh = (): Login => ({ username: "tenantry", password: randomBytes(32).toString("base64url") });
      return (await ensure(client, names(tenantId).master, description, Login, fresh)).value;
    },
    async services(fresh) {
      const description = "Database login of the services that tenants of the pool share";
      const { arn, value } = await ensure(client, `${folder}/pool/database`, description, DatabaseCredentials, fresh);
      return { arn, credentials: value };
    },
    async remove(tenantId) {
      await Promise.all(
        Object.values(names(tenantId)).map((name) =>
          client
            .send(new DeleteSecretCommand({ SecretId: name, ForceDeleteWithoutRecovery: true }))
            .catch((error: unknown) => {
              if (!(error instanceof ResourceNotFoundException)) throw error;
            }),
        ),
      );
    },
  };
};

const ensure = async <T>(
  client: SecretsManagerClient,
  name: string,
  description: string,
  schema: z.ZodType<T>,
  fresh: () => T,
): Promise<{ arn: string; value: T }> => {
  const known = await read(client, name, schema);
  if (known !== null) return known;
  const value = fresh();
  try {
    const { ARN } = await client.send(
      new CreateSecretCommand({ Name: name, Description: description, SecretString: JSON.stringify(value) }),
    );
    return { arn: ARN!, value };
  } catch (error) {
    // A secret that was removed a moment ago still holds its name.
    if (error instanceof InvalidRequestException) throw new TransientError(error.message, { cause: error });
    if (!(error instanceof ResourceExistsException)) throw error;
    const other = await read(client, name, schema);
    if (other === null) throw error;
    return other;
  }
};

const read = async <T>(client: SecretsManagerClient, name: string, schema: z.ZodType<T>) => {
  try {
    const { ARN, SecretString } = await client.send(new GetSecretValueCommand({ SecretId: name }));
    return { arn: ARN!, value: schema.parse(JSON.parse(SecretString ?? "")) };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return null;
    throw error;
  }
};

/** The login in a secret of RDS's shape. Read for each use, as a rotation may have changed it. */
export const loginFrom =
  (secretId: string, client = new SecretsManagerClient({})) =>
  async (): Promise<Login> => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    return Login.parse(JSON.parse(SecretString ?? ""));
  };
