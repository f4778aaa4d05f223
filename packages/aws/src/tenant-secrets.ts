import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  InvalidRequestException,
  ResourceExistsException,
  ResourceNotFoundException,
  RotateSecretCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { TransientError } from "@tenantry/core/provisioning/errors";
import { z } from "zod";

/**
 * As RDS and its rotation functions write database secrets.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_secret_json_structure.html
 */
export const DatabaseCredentials = z.object({
  engine: z.literal("postgres"),
  username: z.string(),
  password: z.string(),
  host: z.string(),
  port: z.int(),
  dbname: z.string(),
  /** The secret with the login of the server's administrator, who changes this one's password. */
  masterarn: z.string(),
});
export type DatabaseCredentials = z.infer<typeof DatabaseCredentials>;

const Login = z.object({ username: z.string(), password: z.string() });
export type Login = z.infer<typeof Login>;

export type StoredCredentials = { readonly arn: string; readonly credentials: DatabaseCredentials };

/** Which function rotates a login, and how many days a password is current. */
export type RotationSettings = { readonly functionArn: string; readonly days: number };

/** Whoever asks twice for a secret gets the first answer: the one there is, or else a fresh one, stored. */
export interface TenantSecrets {
  /** The tenant's login to its database. */
  database(tenantId: string, fresh: () => DatabaseCredentials): Promise<StoredCredentials>;
  /** The login that pooled services share. */
  services(fresh: () => DatabaseCredentials): Promise<StoredCredentials>;
  /** A server's administrator, as its secret says now. */
  admin(arn: string): Promise<Login>;
  /** Has the secret rotated by schedule from now on. Idempotent; the first rotation is one period away. */
  rotate(arn: string): Promise<void>;
  /** Removes the tenant's secret of this plane at once, if there is one, and its rotation with it. */
  remove(tenantId: string): Promise<void>;
}

/** Tenants' secrets under `<folder>/<tenant id>/` in Secrets Manager. */
export const tenantSecrets = (
  folder: string,
  rotation: RotationSettings,
  client = new SecretsManagerClient({}),
): TenantSecrets => {
  const nameOf = (tenantId: string): string => `${folder}/${tenantId}/database`;
  return {
    async database(tenantId, fresh) {
      const description = `Database login of the tenant ${tenantId}`;
      return ensure(client, nameOf(tenantId), description, fresh);
    },
    async services(fresh) {
      const description = "Database login of the services that tenants of the pool share";
      return ensure(client, `${folder}/pool/database`, description, fresh);
    },
    admin: (arn) => loginFrom(arn, client)(),
    async rotate(arn) {
      const { functionArn, days } = rotation;
      const found = await client.send(new DescribeSecretCommand({ SecretId: arn }));
      const { RotationEnabled, RotationLambdaARN, RotationRules } = found;
      if (
        RotationEnabled === true &&
        RotationLambdaARN === functionArn &&
        RotationRules?.AutomaticallyAfterDays === days
      )
        return;
      await client.send(
        new RotateSecretCommand({
          SecretId: arn,
          RotationLambdaARN: functionArn,
          RotationRules: { AutomaticallyAfterDays: days },
          RotateImmediately: false,
        }),
      );
    },
    async remove(tenantId) {
      const command = new DeleteSecretCommand({ SecretId: nameOf(tenantId), ForceDeleteWithoutRecovery: true });
      await client.send(command).catch((error: unknown) => {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      });
    },
  };
};

const ensure = async (
  client: SecretsManagerClient,
  name: string,
  description: string,
  fresh: () => DatabaseCredentials,
): Promise<StoredCredentials> => {
  const known = await read(client, name);
  if (known !== null) return known;
  const credentials = fresh();
  try {
    const { ARN } = await client.send(
      new CreateSecretCommand({ Name: name, Description: description, SecretString: JSON.stringify(credentials) }),
    );
    return { arn: ARN!, credentials };
  } catch (error) {
    // A secret that was removed a moment ago still holds its name.
    if (error instanceof InvalidRequestException) throw new TransientError(error.message, { cause: error });
    if (!(error instanceof ResourceExistsException)) throw error;
    const other = await read(client, name);
    if (other === null) throw error;
    return other;
  }
};

const read = async (client: SecretsManagerClient, name: string): Promise<StoredCredentials | null> => {
  try {
    const { ARN, SecretString } = await client.send(new GetSecretValueCommand({ SecretId: name }));
    return { arn: ARN!, credentials: parseSecret(DatabaseCredentials, SecretString, name) };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return null;
    throw error;
  }
};

/** @throws Error that names the secret and says nothing of its value, which a parser's own message would quote. */
export const parseSecret = <T>(schema: z.ZodType<T>, text: string | undefined, name: string): T => {
  const parsed = schema.safeParse(jsonIn(text));
  if (parsed.success) return parsed.data;
  const paths = parsed.error.issues.map(({ path }) => path.join(".") || "it").join(", ");
  throw new Error(`The secret ${name} is not of the shape it should have: look at ${paths}.`);
};

const jsonIn = (text: string | undefined): unknown => {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
};

/** The login in a secret of RDS's shape. Read for each use, as a rotation may have changed it. */
export const loginFrom =
  (secretId: string, client = new SecretsManagerClient({})) =>
  async (): Promise<Login> => {
    const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    return parseSecret(Login, SecretString, secretId);
  };
