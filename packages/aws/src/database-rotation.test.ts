import { readFile } from "node:fs/promises";
import { DescribeSecretCommand, GetSecretValueCommand, RotateSecretCommand } from "@aws-sdk/client-secrets-manager";
import { NotReadyYet } from "@tenantry/core/provisioning/errors";
import { rotationSteps } from "@tenantry/core/rotation/ports";
import type { Tenant } from "@tenantry/core/tenant/tenant";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { databaseLogins } from "./database-logins.ts";
import { roles } from "./database-roles.ts";
import { DatabaseCredentials } from "./tenant-secrets.ts";
import { rows, startDatabaseCloud } from "./testing/database-cloud.ts";

let world: Awaited<ReturnType<typeof startDatabaseCloud>>;
beforeAll(async () => {
  world = await startDatabaseCloud();
});
afterAll(() => world.cloud.close());
beforeEach(() => {
  world.dying.in = undefined;
});

const until = async <T>(run: () => Promise<T>): Promise<T> => {
  for (let tries = 0; ; tries += 1) {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof NotReadyYet) || tries > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
};

/** A tenant's secret: its values, and rotations of it. */
const secretOf = (SecretId: string) => {
  const value = async (VersionStage = "AWSCURRENT") => {
    const { SecretString } = await world.manager.send(new GetSecretValueCommand({ SecretId, VersionStage }));
    return DatabaseCredentials.parse(JSON.parse(SecretString!));
  };
  /** The first try of the function on a copy has to be over. */
  const quiet = () =>
    expect
      .poll(async () => {
        const { VersionIdsToStages = {} } = await world.manager.send(new DescribeSecretCommand({ SecretId }));
        return Object.values(VersionIdsToStages).some((stages) => stages.join() === "AWSPENDING");
      })
      .toBe(false);
  const begin = () => world.manager.send(new RotateSecretCommand({ SecretId })).catch(() => undefined);
  return {
    value,
    quiet,
    begin,
    async rotate(): Promise<void> {
      const before = await value();
      await begin();
      await expect.poll(async () => (await value()).password).not.toBe(before.password);
    },
    login: async (credentials?: DatabaseCredentials) => world.connect(credentials ?? (await value())),
  };
};
const sees = async (secret: ReturnType<typeof secretOf>, credentials?: DatabaseCredentials) => {
  const client = await secret.login(credentials);
  try {
    return await rows(client, "SELECT tenant_id FROM tenant_info");
  } finally {
    await client.end();
  }
};

const make = async (tier: "trial" | "business" | "premium"): Promise<{ tenant: Tenant; arn: string }> => {
  const tenant = world.tenant(tier);
  const { secret_arn } = await until(() => world.ensure(tenant));
  return { tenant, arn: secret_arn };
};

describe.for(["trial", "business", "premium"] as const)("the login of a %s tenant", (tier) => {
  test("is rotated: the new password sees the tenant's rows, the one before too, and the first is refused after that", async () => {
    const { tenant, arn } = await make(tier);
    await make(tier === "premium" ? "trial" : tier);
    const secret = secretOf(arn);
    expect(await world.manager.send(new DescribeSecretCommand({ SecretId: arn }))).toMatchObject({
      RotationEnabled: true,
      RotationRules: { AutomaticallyAfterDays: 30 },
    });
    const first = await secret.value();
    const connected = await secret.login();
    await secret.rotate();
    const second = await secret.value();
    expect(second).toEqual({ ...first, username: expect.stringMatching(/^login2_/), password: expect.any(String) });
    const own = [{ tenant_id: tenant.id }];
    expect([await sees(secret), await sees(secret, first)]).toEqual([own, own]);
    await secret.rotate();
    expect((await secret.value()).username).toBe(first.username);
    expect([await sees(secret), await sees(secret, second)]).toEqual([own, own]);
    await expect(sees(secret, first)).rejects.toThrow(/password authentication failed/);
    // Who was connected all the time still is.
    expect(await rows(connected, "SELECT tenant_id FROM tenant_info")).toEqual(own);
    await connected.end();
  });

  // One step does for a cluster: making one takes its time.
  test.for(tier === "premium" ? (["testSecret"] as const) : rotationSteps)(
    "outlives a rotation that dies in %s, which the next run finishes",
    async (step) => {
      const { tenant, arn } = await make(tier);
      const secret = secretOf(arn);
      await secret.quiet();
      const first = await secret.value();
      world.dying.in = step;
      await secret.begin();
      await expect.poll(() => world.cloud.lines.some((line) => line.includes(`${step} failed`))).toBe(true);
      world.cloud.lines.length = 0;
      expect(await secret.value()).toEqual(first);
      expect(await sees(secret)).toEqual([{ tenant_id: tenant.id }]);
      world.dying.in = undefined;
      await secret.rotate();
      expect(await sees(secret)).toEqual([{ tenant_id: tenant.id }]);
    },
  );

  test("is made again, whichever of the two is current, and goes with the tenant", async () => {
    const { tenant, arn } = await make(tier);
    const secret = secretOf(arn);
    await secret.rotate();
    const made = await until(() => world.ensure(tenant));
    expect(made.secret_arn).toBe(arn);
    expect(await sees(secret)).toEqual([{ tenant_id: tenant.id }]);
    const connected = await secret.login();
    await until(() => world.databases.release(tenant));
    await expect(connected.query("SELECT 1")).rejects.toThrow(/terminat|not queryable|ECONNRESET/);
    await expect(world.manager.send(new DescribeSecretCommand({ SecretId: arn }))).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    const admin = await world.adminOf("postgres");
    const left = "SELECT rolname FROM pg_roles WHERE shobj_description(oid, 'pg_authid') = $1";
    expect(await rows(admin, left, [`tenantry: ${tenant.id}`])).toEqual([]);
    await admin.end();
  });
});

test("what the second login makes belongs to the tenant's role, and the first may change it", async () => {
  const { arn } = await make("business");
  const secret = secretOf(arn);
  const first = await secret.value();
  await secret.rotate();
  const twin = await secret.login();
  await twin.query("CREATE TABLE orders (id int)");
  await twin.end();
  const owner = await secret.login(first);
  await owner.query("ALTER TABLE orders ADD COLUMN total int");
  expect(await rows(owner, "SELECT tableowner FROM pg_tables WHERE tablename = 'orders'")).toEqual([
    { tableowner: first.username },
  ]);
  await owner.end();
});

test("the second login of the pool sees its own rows, whatever it sets, and is nobody else's", async () => {
  const [{ tenant, arn }, { arn: other }] = [await make("trial"), await make("trial")];
  const secret = secretOf(arn);
  await secret.rotate();
  const { username: theirs } = await secretOf(other).value();
  const client = await secret.login();
  const own = [{ tenant_id: tenant.id }];
  for (const sql of ["SET app.tenant_id = 'ten_other'", "RESET ROLE", "SET ROLE NONE", "SET row_security = on"]) {
    await client.query(sql);
    expect([sql, await rows(client, "SELECT tenant_id FROM tenant_info")]).toEqual([sql, own]);
  }
  for (const role of [theirs, roles.services, roles.owner, roles.tenants])
    await expect(client.query(`SET ROLE ${role}`)).rejects.toThrow(/permission denied/);
  await client.end();
});

test("the login that pooled services share is rotated, and sees nothing until it says for whom", async () => {
  const { tenant } = await make("trial");
  const { arn } = await world.secrets.services(() => {
    throw new Error("There is no secret.");
  });
  const secret = secretOf(arn);
  await secret.rotate();
  const client = await secret.login();
  expect(await rows(client, "SELECT current_user AS role")).toEqual([{ role: roles.services }]);
  expect(await rows(client, "SELECT tenant_id FROM tenant_info")).toEqual([]);
  await client.query("SELECT set_config('app.tenant_id', $1, false)", [tenant.id]);
  expect(await rows(client, "SELECT tenant_id FROM tenant_info")).toEqual([{ tenant_id: tenant.id }]);
  await client.end();
});

test("a tenant that is gone is not made a login by a rotation that comes late", async () => {
  const { tenant, arn } = await make("trial");
  const secret = secretOf(arn);
  const credentials = await secret.value();
  await world.databases.release(tenant);
  const logins = databaseLogins((masterArn) => world.secrets.admin(masterArn), world.shared.tls);
  await expect(logins.set(logins.next(credentials))).rejects.toMatchObject({ name: "PlaneMissing" });
});

test("no password is in the cloud's log or in PostgreSQL's", async () => {
  const { arn } = await make("trial");
  const secret = secretOf(arn);
  const first = await secret.value();
  await secret.rotate();
  const second = await secret.value();
  const log = `${await readFile(`${world.cloud.host.data}/logs/postgres.log`, "utf8")}${world.cloud.lines.join("\n")}`;
  for (const { password } of [first, second]) expect(log).not.toContain(password);
});
