import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { startParts } from "@tenantry/local-cloud/services/testing/parts";
import { secretsManager } from "@tenantry/local-cloud/services/secrets/part";
import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { postgresDatabases } from "./database.ts";
import { scramVerifier } from "./scram.ts";
import { tenantSecrets } from "./tenant-secrets.ts";
import { startPostgres } from "./testing/postgres.ts";

let postgres: Awaited<ReturnType<typeof startPostgres>>;
let cloud: Awaited<ReturnType<typeof startParts>>;

beforeAll(async () => {
  [postgres, cloud] = await Promise.all([startPostgres(), startParts([secretsManager])]);
});
afterAll(async () => {
  await Promise.all([postgres.stop(), cloud.close()]);
});

const secrets = () => tenantSecrets("tenantry/test/tenants", new SecretsManagerClient(cloud.client));
const databases = (host = "127.0.0.1") =>
  postgresDatabases(
    { host, port: postgres.port, admin: async () => postgres.admin, tls: { ca: postgres.ca } },
    secrets(),
  );

let count = 0;
/** A tenant that nothing has been made for. */
const request = (slug = `t${(count += 1)}`) => {
  const name = `tenant_${slug.replaceAll("-", "_")}`;
  return { tenantId: `ten_01JD0000000000000000000${String(++count).padStart(3, "0")}`, slug, name, role: name };
};

const credentialsOf = async (tenantId: string) =>
  (
    await secrets().database(tenantId, () => {
      throw new Error("There should be a secret.");
    })
  ).credentials;

const loginAs = async (tenantId: string, database?: string): Promise<Client> => {
  const { username, password, dbname } = await credentialsOf(tenantId);
  return postgres.connect(username, password, database ?? dbname);
};

const rows = async (client: Client, sql: string, values: unknown[] = []) =>
  (await client.query<Record<string, unknown>>(sql, values)).rows;

describe("a new tenant's database", () => {
  test("is its own, with an owner who can log in", async () => {
    const asked = request("acme-corp");
    const made = await databases().ensure(asked);
    expect(made).toEqual({
      host: "127.0.0.1",
      port: postgres.port,
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
        postgres.root,
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = $1",
        [asked.role],
      ),
    ).toEqual([
      { rolsuper: false, rolcreatedb: false, rolcreaterole: false, rolreplication: false, rolbypassrls: false },
    ]);
  });

  test("has a password that the server's log has never seen", async () => {
    const asked = request();
    await databases().ensure(asked);
    const { password } = await credentialsOf(asked.tenantId);
    expect(postgres.log()).toContain(`CREATE ROLE "${asked.role}"`);
    expect(postgres.log()).not.toContain(password);
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
    expect(await rows(again, "SELECT version FROM schema_migrations")).toEqual([{ version: 1 }]);
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
        await postgres.root.query(`CREATE DATABASE ${role} OWNER ${role}`);
      },
    ],
  ] as const)("goes on after a crash that left %s", async ([, leave]) => {
    const asked = request();
    const fresh = { username: asked.role, password: "left-behind", host: "h", port: 1, dbname: asked.name };
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
  await postgres.root.query(`CREATE ROLE ${role} LOGIN`);
  await postgres.root.query(`GRANT ${role} TO tenantry_admin WITH ADMIN TRUE, INHERIT TRUE, SET TRUE`);
  if (mark !== null) await postgres.root.query(`COMMENT ON ROLE ${role} IS '${mark}'`);
};

describe("what belongs to somebody else is never taken over", () => {
  test.for([
    ["a role without a mark", (name: string) => makeRole(name, null)],
    ["a role of another tenant", (name: string) => makeRole(name, "tenantry: ten_OTHER")],
    ["a database of another owner", (name: string) => postgres.root.query(`CREATE DATABASE ${name}`)],
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

describe("the connection", () => {
  test("is refused to a server whose certificate nobody vouches for", async () => {
    const blind = postgresDatabases(
      { host: "127.0.0.1", port: postgres.port, admin: async () => postgres.admin },
      secrets(),
    );
    await expect(blind.ensure(request())).rejects.toMatchObject({ code: expect.stringMatching(/SELF_SIGNED/) });
  });

  test("is refused to a server of another name", async () => {
    await expect(databases("localhost").ensure(request())).rejects.toMatchObject({
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
  });
});

test("the verifier is what PostgreSQL itself would store", async () => {
  await postgres.root.query("CREATE ROLE reference LOGIN PASSWORD 'correct horse'");
  const [stored] = await rows(postgres.root, "SELECT rolpassword FROM pg_authid WHERE rolname = 'reference'");
  const salt = /:([^$]+)\$/.exec(String(stored?.["rolpassword"]))![1]!;
  expect(scramVerifier("correct horse", Buffer.from(salt, "base64"))).toBe(stored?.["rolpassword"]);
});
