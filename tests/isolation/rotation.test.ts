import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  RotateSecretCommand,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { operator, poll, send, signIn } from "../support/api.ts";
import { ready } from "../support/ready.ts";
import { attempt, connect, folderOf, type Login, type Party, party, secret } from "../support/sql.ts";

const manager = () => new SecretsManagerClient(operator(ready()));
const describeSecret = (SecretId: string) => manager().send(new DescribeSecretCommand({ SecretId }));

/** Rotates now, as the schedule will do, by the deployed function. @returns the value that is current then. */
const rotate = async (SecretId: string): Promise<Login> => {
  const before = await secret(SecretId);
  await manager().send(new RotateSecretCommand({ SecretId }));
  return poll(
    () => secret(SecretId),
    ({ password }) => password !== before.password,
  );
};

const sees = async (login: Login): Promise<unknown> => {
  const client = await connect(login);
  const seen = await attempt(client, "SELECT tenant_id FROM tenant_info");
  await client.end();
  return seen;
};

describe.for(["trial", "business", "premium"] as const)("the database login of a %s tenant", (tier) => {
  let tenant: Party;
  let arn: string;
  beforeAll(async () => {
    const token = await signIn(ready());
    tenant = await party(token, tier, `Rotated ${tier}`);
    // Somebody whose rows are not to be seen.
    await party(token, "trial", `Beside ${tier}`);
    const { body } = await send(ready(), "GET", `/admin/tenants/${tenant.id}`, { token });
    arn = body.resources.database.secret_arn;
  });

  test("is rotated by a schedule, with the function that the stack deploys", async () => {
    const { RotationEnabled, RotationRules, RotationLambdaARN, NextRotationDate } = await describeSecret(arn);
    expect({ RotationEnabled, RotationRules }).toEqual({
      RotationEnabled: true,
      RotationRules: { AutomaticallyAfterDays: 30 },
    });
    expect(RotationLambdaARN).toContain("RotateDatabaseLogin");
    expect(NextRotationDate!.getTime() - Date.now()).toBeGreaterThan(29 * 86_400_000);
  });

  test("gets a new password that sees exactly its own rows; the old one is refused after the next", async () => {
    const own = [[tenant.id]];
    const connected = await connect(tenant.login);
    const second = await rotate(arn);
    expect([await sees(second), await sees(tenant.login)]).toEqual([own, own]);
    const third = await rotate(arn);
    expect([await sees(third), await sees(second)]).toEqual([own, own]);
    await expect(sees(tenant.login)).rejects.toThrow(/password authentication failed/);
    // A pool that was connected before goes on.
    expect(await attempt(connected, "SELECT tenant_id FROM tenant_info")).toEqual(own);
    await connected.end();
  });

  test("leaves its passwords in no log, and in no answer of the API", async () => {
    const token = await signIn(ready());
    const known: string[] = [];
    for (const VersionStage of ["AWSCURRENT", "AWSPREVIOUS"]) {
      const { SecretString } = await manager().send(new GetSecretValueCommand({ SecretId: arn, VersionStage }));
      known.push(JSON.parse(SecretString!).password);
    }
    known.push(tenant.login.password);
    const logs = join(ready().data, "logs");
    const written = readdirSync(logs, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
    const answers = await Promise.all(
      [`/admin/tenants/${tenant.id}`, `/admin/operations?limit=100`].map((path) =>
        send(ready(), "GET", path, { token }),
      ),
    );
    const all = [...written, ...answers.map(({ text }) => text)].join("\n");
    expect(all).toContain("rotation step succeeded");
    expect(known.filter((password) => all.includes(password))).toEqual([]);
  });
});

test("the login that pooled services share is rotated too, and still sees nothing unasked", async () => {
  const token = await signIn(ready());
  const tenant = await party(token, "trial", "Rotated services");
  const name = `${await folderOf(tenant)}/pool/database`;
  const login = await rotate(name);
  const services = await connect(login);
  expect(await attempt(services, "SELECT tenant_id FROM tenant_info")).toBe(0);
  await services.query("SELECT set_config('app.tenant_id', $1, false)", [tenant.id]);
  expect(await attempt(services, "SELECT tenant_id FROM tenant_info")).toEqual([[tenant.id]]);
  await services.end();
});

test.for([
  ["the shared server", "trial"],
  ["a tenant's own cluster", "premium"],
])("the administrator of %s is rotated by RDS, and tenants can still be looked after there", async ([, tier]) => {
  const token = await signIn(ready());
  const tenant = await party(token, tier!, `Rotated master of ${tier}`);
  const { masterarn } = tenant.login;
  expect(await describeSecret(masterarn)).toMatchObject({ OwningService: "rds", RotationEnabled: true });
  await rotate(masterarn);
  const { body } = await send(ready(), "GET", `/admin/tenants/${tenant.id}`, { token });
  const login = await rotate(body.resources.database.secret_arn);
  expect(await sees(login)).toEqual([[tenant.id]]);
});
