import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { authorityFile, postgres } from "@tenantry/local-cloud/engines/postgres";
import { graphOf, startTestCloud, type TestCloud } from "@tenantry/local-cloud/gateway/testing";
import { RDSClient } from "@aws-sdk/client-rds";
import { TransientError } from "@tenantry/core/provisioning/errors";
import { aTenant } from "@tenantry/core/provisioning/testing";
import type { Isolation } from "@tenantry/core/tenant/tier";
import { secretsManager } from "@tenantry/local-cloud/services/secrets/part";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgresDatabases } from "./database.ts";
import { migrate } from "./database-migrations.ts";
import { asAdmin } from "./database-server.ts";
import { siloClusters } from "./silo-cluster.ts";
import { tenantSecrets } from "./tenant-secrets.ts";
import { rotationResources, rotationSettings } from "./testing/rotation.ts";

/** As on RDS, the master user creates roles and databases and is no superuser. */
const master = { username: "master", password: "it's secret" };

let cloud: TestCloud;
let ca: string;
let admin: Client;

const silos = {
  prefix: "tenantry-test",
  engineVersion: "17.4",
  subnetGroup: "subnets",
  securityGroups: ["sg-1"],
  capacity: { min: 0, max: 2 },
  backupDays: 1,
};

const connect = async (user: string, password: string, database = "postgres"): Promise<Client> => {
  const client = new Client({ ...cloud.host.postgres, user, password, database, ssl: { ca } });
  // Whoever is released while connected is thrown out.
  client.on("error", () => undefined);
  await client.connect();
  return client;
};

beforeAll(async () => {
  cloud = await startTestCloud([postgres, secretsManager]);
  await cloud.apply(
    graphOf(
      {
        type: "aws:rds/cluster:Cluster",
        name: "Database",
        inputs: { masterUsername: master.username, masterPassword: master.password },
      },
      ...rotationResources,
    ),
  );
  ca = await readFile(authorityFile(cloud.host.data), "utf8");
  admin = await connect(master.username, master.password);
});
afterAll(async () => {
  await admin.end();
  await cloud.close();
});

const secrets = () =>
  tenantSecrets("tenantry/test/tenants", rotationSettings, new SecretsManagerClient(cloud.client()));
const databases = (more: { host?: string; tls?: { ca: string } } = { tls: { ca } }) =>
  postgresDatabases(
    { ...cloud.host.postgres, masterArn: "arn:of-the-master", admin: async () => master, ...more },
    secrets(),
    siloClusters(silos, new RDSClient(cloud.client())),
  );

let count = 0;
/** A tenant that nothing has been made for. */
const request = (isolation: Isolation = "bridge", slug = `t${(count += 1)}`) => {
  const name = `tenant_${slug.replaceAll("-", "_")}`;
  const tenantId = `ten_01JD0000000000000000000${String(++count).padStart(3, "0")}`;
  return { tenantId, slug, isolation, name, role: name };
};

const credentialsOf = async (tenantId: string) =>
  (
    await secrets().database(tenantId, () => {
      throw new Error("There should be a secret.");
    })
  ).credentials;

const loginAs = async (tenantId: string, database?: string): Promise<Client> => {
  const { username, password, dbname } = await credentialsOf(tenantId);
  return connect(username, password, database ?? dbname);
};

const rows = async (client: Client, sql: string, values: unknown[] = []) =>
  (await client.query<Record<string, unknown>>(sql, values)).rows;

test("a connection that is lost is passing trouble, whatever a library says of it", async () => {
  const server = { ...cloud.host.postgres, masterArn: "arn:of-the-master", admin: async () => master, tls: { ca } };
  const lost = asAdmin(server, "postgres", async (client) => {
    const [me] = await rows(client, "SELECT pg_backend_pid() AS pid");
    await Promise.all([once(client, "end"), admin.query("SELECT pg_terminate_backend($1)", [me?.["pid"]])]);
    await migrate(client);
  });
  await expect(lost).rejects.toThrow(TransientError);
  await expect(asAdmin(server, "postgres", (client) => client.query("SELECT 1 / 0"))).rejects.toThrow(
    /division by zero/,
  );
});

describe("a new tenant's database", () => {
  test("is its own, with an owner who can log in", async () => {
    const asked = request("bridge", "acme-corp");
    const made = await databases().ensure(asked);
    expect(made).toEqual({
      isolation: "bridge",
      host: "127.0.0.1",
      port: cloud.host.postgres.port,
      name: "tenant_acme_corp",
      role: "tenant_acme_corp",
      secret_arn: expect.stringMatching(/^arn:aws:secretsmanager:.*tenantry\/test\/tenants\/ten_/),
    });
    const owner = await loginAs(asked.tenantId);
    expect(await rows(owner, "SELECT tenant_id, slug FROM tenant_info")).toEqual([
      { tenant_id: asked.tenantId, slug: "acme-corp" },
    ]);
    await owner.query("CREATE TABLE orders (id int)");
    await owner.end();
  });

  test("is closed to every other tenant", async () => {
    const [mine, theirs] = [request(), request()];
    await Promise.all([databases().ensure(mine), databases().ensure(theirs)]);
    await expect(loginAs(mine.tenantId, theirs.name)).rejects.toThrow(/permission denied for database/);
  });

  test("has an owner without powers over the server", async () => {
    const asked = request();
    await databases().ensure(asked);
    expect(
      await rows(
        admin,
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = $1",
        [asked.role],
      ),
    ).toEqual([
      { rolsuper: false, rolcreatedb: false, rolcreaterole: false, rolreplication: false, rolbypassrls: false },
    ]);
  });
});

describe("doing it again", () => {
  test("changes neither the password nor the data", async () => {
    const asked = request();
    const first = await databases().ensure(asked);
    const before = await credentialsOf(asked.tenantId);
    const owner = await loginAs(asked.tenantId);
    await owner.query("CREATE TABLE orders AS SELECT 1 AS id");
    await owner.end();

    expect(await databases().ensure(asked)).toEqual(first);
    expect(await credentialsOf(asked.tenantId)).toEqual(before);
    const again = await loginAs(asked.tenantId);
    expect(await rows(again, "SELECT id FROM orders")).toEqual([{ id: 1 }]);
    expect(await rows(again, "SELECT name FROM tenancy.schema_migrations ORDER BY name")).toEqual([
      { name: "0001_tenancy" },
      { name: "0002_tenant_info" },
      { name: "0003_second_login" },
    ]);
    await again.end();
  });

  test("six times at once makes one database", async () => {
    const asked = request();
    const made = await Promise.all(Array.from({ length: 6 }, () => databases().ensure(asked)));
    expect(new Set(made.map((each) => JSON.stringify(each))).size).toBe(1);
    await (await loginAs(asked.tenantId)).end();
  });

  test("ten tenants at once do not get into each other's way", async () => {
    const asked = Array.from({ length: 10 }, () => request());
    const made = await Promise.all(asked.map((each) => databases().ensure(each)));
    expect(made.map(({ name }) => name)).toEqual(asked.map(({ name }) => name));
  });

  test.for([
    ["the secret", async () => undefined],
    ["the role", async (role: string, mark: string) => makeRole(role, mark)],
    [
      "the database, before its mark",
      async (role: string, mark: string) => {
        await makeRole(role, mark);
        await admin.query(`CREATE DATABASE ${role} OWNER ${role}`);
      },
    ],
  ] as const)("goes on after a crash that left %s", async ([, leave]) => {
    const asked = request();
    const fresh = {
      engine: "postgres" as const,
      username: asked.role,
      password: "left-behind",
      host: "h",
      port: 1,
      dbname: asked.name,
      masterarn: "arn:of-the-master",
    };
    await secrets().database(asked.tenantId, () => fresh);
    await leave(asked.role, `tenantry: ${asked.tenantId}`);
    await databases().ensure(asked);
    const owner = await loginAs(asked.tenantId);
    expect((await credentialsOf(asked.tenantId)).password).toBe("left-behind");
    await owner.end();
  });
});

/** As the adapter itself makes it: the admin must be a member. */
const makeRole = async (role: string, mark: string | null) => {
  await admin.query(`CREATE ROLE ${role} LOGIN`);
  await admin.query(`GRANT ${role} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`);
  if (mark !== null) await admin.query(`COMMENT ON ROLE ${role} IS '${mark}'`);
};

describe("what belongs to somebody else is never taken over", () => {
  test.for([
    ["a role without a mark", (name: string) => makeRole(name, null)],
    ["a role of another tenant", (name: string) => makeRole(name, "tenantry: ten_OTHER")],
    ["a database of another owner", (name: string) => admin.query(`CREATE DATABASE ${name}`)],
  ] as const)("%s", async ([, make]) => {
    const asked = request();
    await make(asked.name);
    await expect(databases().ensure(asked)).rejects.toMatchObject({ name: "NameTaken" });
    await expect(credentialsOf(asked.tenantId)).rejects.toThrow("There should be a secret.");
  });
});

test("names are identifiers, never SQL", async () => {
  const name = `x"; DROP TABLE pg_class; --'\\`;
  const asked = { ...request(), name, role: name };
  const made = await databases().ensure(asked);
  expect(made.name).toBe(name);
  const owner = await loginAs(asked.tenantId);
  expect(await rows(owner, "SELECT current_database() AS name, current_user AS role")).toEqual([{ name, role: name }]);
  await owner.end();
});

describe("released", () => {
  const tenantOf = ({ tenantId, slug }: { tenantId: string; slug: string }) =>
    aTenant({ id: tenantId, slug, tier: "business" });

  test("database, owner and secret are gone, with whoever is connected, and it can be made again", async () => {
    const asked = request();
    await databases().ensure(asked);
    const owner = await loginAs(asked.tenantId);
    await Promise.all([databases().release(tenantOf(asked)), databases().release(tenantOf(asked))]);
    await databases().release(tenantOf(asked));
    await expect(owner.query("SELECT 1")).rejects.toThrow(/terminat|not queryable/);
    const left =
      "SELECT datname AS name FROM pg_database WHERE datname = $1 UNION SELECT rolname FROM pg_roles WHERE rolname = $1";
    expect(await rows(admin, left, [asked.name])).toEqual([]);
    await expect(credentialsOf(asked.tenantId)).rejects.toThrow("There should be a secret.");
    await databases().ensure(asked);
    await (await loginAs(asked.tenantId)).end();
  });

  test("what belongs to somebody else stays", async () => {
    const [mine, theirs] = [request(), request()];
    await databases().ensure(theirs);
    await databases().release(tenantOf({ ...mine, slug: theirs.slug }));
    const login = await loginAs(theirs.tenantId);
    expect(await rows(login, "SELECT tenant_id FROM tenant_info")).toEqual([{ tenant_id: theirs.tenantId }]);
    await login.end();
  });
});

describe("the connection", () => {
  test("is refused to a server whose certificate nobody vouches for", async () => {
    await expect(databases({}).ensure(request())).rejects.toMatchObject({
      code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO/),
    });
  });

  test("is refused to a server of another name", async () => {
    // It leads to the same address, and is not what the certificate says.
    const elsewhere = databases({ host: "127.1", tls: { ca } });
    await expect(elsewhere.ensure(request())).rejects.toMatchObject({ code: "ERR_TLS_CERT_ALTNAME_INVALID" });
  });
});
