import { GetSecretValueCommand, paginateListSecrets, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "pg";
import { onboard, operator, send } from "./api.ts";
import { ready } from "./ready.ts";

export type Login = {
  username: string;
  password: string;
  host: string;
  port: number;
  dbname: string;
  masterarn: string;
};
export type Party = {
  readonly id: string;
  readonly login: Login;
  readonly database: { isolation: string; host: string; port: number; name: string; role: string };
};

export const secret = async (id: string): Promise<Login> => {
  const manager = new SecretsManagerClient(operator(ready()));
  const { SecretString = "" } = await manager.send(new GetSecretValueCommand({ SecretId: id }));
  return JSON.parse(SecretString) as Login;
};

export const connect = async (login: Login, more: Partial<Login> = {}, options?: string): Promise<Client> => {
  const { username: user, password, dbname: database, host, port } = { ...login, ...more };
  const ca = readFileSync(join(ready().data, "ca.pem"), "utf8");
  const client = new Client({ host, port, user, password, database, ssl: { ca }, ...(options && { options }) });
  client.on("error", () => undefined);
  await client.connect();
  return client;
};

/** Logs in and says where one is. */
export const visit = async (login: Login, there: Partial<Login>): Promise<unknown> => {
  const client = await connect(login, there);
  const where = await attempt(client, "SELECT current_database()");
  await client.end();
  return where;
};

/** So that the tests can run again on a cloud that is kept. */
const turn = Date.now().toString(36);

export const party = async (token: string, tier: string, who: string): Promise<Party> => {
  const name = `${who} ${turn}`;
  const { accepted, operation } = await onboard(ready(), token, {
    name,
    tier,
    owner: { email: `${tier}@sql.example` },
  });
  if (operation.status !== "succeeded") throw new Error(`${name}: ${JSON.stringify(operation.error)}`);
  const { body } = await send(ready(), "GET", `/admin/tenants/${accepted.tenant.id}`, { token });
  const { database } = body.resources;
  return { id: body.id, database, login: await secret(database.secret_arn) };
};

/** Runs a statement; an error is its message. */
export const attempt = async (client: Client, sql: string, values?: unknown[]): Promise<unknown> => {
  try {
    const { rows, rowCount } = await client.query({ text: sql, values: values ?? [], rowMode: "array" });
    return rows.length > 0 ? rows : rowCount;
  } catch (error) {
    return (error as Error).message;
  }
};

/** Where tenants' secrets lie, by the name of one of them. */
export const folderOf = async ({ id, login }: Party): Promise<string> => {
  const manager = new SecretsManagerClient(operator(ready()));
  let name: string | undefined;
  for await (const { SecretList = [] } of paginateListSecrets({ client: manager }, {}))
    name ??= SecretList.map(({ Name = "" }) => Name).find((one) => one.endsWith(`/${id}/database`));
  if (name === undefined) throw new Error(`There is no secret of ${login.username}.`);
  return name.slice(0, -`/${id}/database`.length);
};
