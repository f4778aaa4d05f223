import {
  CreateSecretCommand,
  GetSecretValueCommand,
  ResourceExistsException,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
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

export interface TenantSecrets {
  /** The tenant's database secret: the one there is, or else this one, stored. Whoever asks twice gets the first answer. */
  database(
    tenantId: string,
    fresh: () => DatabaseCredentials,
  ): Promise<{ arn: string; credentials: DatabaseCredentials }>;
}

/** Tenants' secrets under `<folder>/<tenant id>/` in Secrets Manager. */
export const tenantSecrets = (folder: string, client = new SecretsManagerClient({})): TenantSecrets => ({
  async database(tenantId, fresh) {
    const name = `${folder}/${tenantId}/database`;
    const known = await readDatabase(client, name);
    if (known !== null) return known;
    const credentials = fresh();
    try {
      const { ARN } = await client.send(
        new CreateSecretCommand({
          Name: name,
          Description: `Database owner of the tenant ${tenantId}`,
          SecretString: JSON.stringify(credentials),
        }),
      );
      return { arn: ARN!, credentials };
    } catch (error) {
      if (!(error instanceof ResourceExistsException)) throw error;
      const other = await readDatabase(client, name);
      if (other === null) throw error;
      return other;
    }
  },
});

const readDatabase = async (client: SecretsManagerClient, name: string) => {
  try {
    const { ARN, SecretString } = await client.send(new GetSecretValueCommand({ SecretId: name }));
    return { arn: ARN!, credentials: DatabaseCredentials.parse(JSON.parse(SecretString ?? "")) };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return null;
    throw error;
  }
};

const Login = z.object({ username: z.string(), password: z.string() });

/** The login in a secret of RDS's shape. Read for each use, as a rotation may have changed it. */
export const loginFrom =
  (secretId: string, client = new SecretsManagerClient({})) =>
  async (): Promise<z.infer<typeof Login>> => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    return Login.parse(JSON.parse(SecretString ?? ""));
  };
