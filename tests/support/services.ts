import {
  GetSecretValueCommand,
  paginateListSecrets,
  type SecretListEntry,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tenantTable } from "@tenantry/aws/tenant-table";
import { operator } from "./api.ts";
import type { Ready } from "./app.ts";
import { asSuperuser } from "./postgres.ts";

type Login = {
  readonly username: string;
  readonly password: string;
  readonly host: string;
  readonly port: number;
  readonly dbname: string;
};

/** The login that services of the pool share: `tenant_app`, which sees nothing until it says for whom it works. */
export const servicesLogin = async (ready: Ready): Promise<Login> => {
  const manager = new SecretsManagerClient(operator(ready));
  let found: SecretListEntry | undefined;
  for await (const { SecretList = [] } of paginateListSecrets({ client: manager }, {}))
    found ??= SecretList.find(({ Description }) => Description?.startsWith("Database login of the services"));
  if (found === undefined) throw new Error("There is no login for services: no tenant of the pool was onboarded yet.");
  const { SecretString = "" } = await manager.send(new GetSecretValueCommand({ SecretId: found.ARN }));
  return JSON.parse(SecretString) as Login;
};

/** Who signed the certificates of the databases. */
export const certificateAuthority = (ready: Ready): string => join(ready.data, "ca.pem");

export const poolConfig = async (ready: Ready) => {
  const { username: user, dbname: database, ...rest } = await servicesLogin(ready);
  return { ...rest, user, database, ssl: { ca: readFileSync(certificateAuthority(ready), "utf8") } };
};

/** Makes a table of tenants' rows in the shared database anew, as a migration would. */
export const makeTenantTable = (
  ready: Ready,
  name: string,
  ...rest: Parameters<typeof tenantTable> extends [string, ...infer Rest] ? Rest : never
) =>
  asSuperuser(ready, "pool", async (admin) => {
    await admin.query(`DROP TABLE IF EXISTS ${name} CASCADE`);
    await admin.query("SET ROLE tenantry_owner");
    for (const sql of tenantTable(name, ...rest)) await admin.query(sql);
  });

export const dropTenantTable = (ready: Ready, name: string) =>
  asSuperuser(ready, "pool", (admin) => admin.query(`DROP TABLE IF EXISTS ${name} CASCADE`));
