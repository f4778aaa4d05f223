import type { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { asOwner } from "./database-pool.ts";
import { roles } from "./database-roles.ts";
import { tenantTable, unprotectedTables } from "./tenant-table.ts";
import { rows, startDatabaseCloud } from "./testing/database-cloud.ts";

let world: Awaited<ReturnType<typeof startDatabaseCloud>>;
beforeAll(async () => {
  world = await startDatabaseCloud();
});
afterAll(() => world.cloud.close());

const query = (client: Client, statements: readonly string[]) =>
  statements.reduce<Promise<unknown>>((before, sql) => before.then(() => client.query(sql)), Promise.resolve());

describe("a tenant of the pool", () => {
  test("can be made although the server's first tenant has a database of its own", async () => {
    await world.ensure(world.tenant("business"));
    expect(await world.ensure(world.tenant("trial"))).toMatchObject({ isolation: "pool", name: "pool" });
  });

  test("has a login to the shared database and sees itself only", async () => {
    const [mine, theirs] = [world.tenant("trial"), world.tenant("standard")];
    const made = await world.ensure(mine);
    await world.ensure(theirs);
    expect(made).toEqual({
      isolation: "pool",
      ...world.cloud.host.postgres,
      name: "pool",
      role: `tenant_${mine.slug.replace("-", "_")}`,
      secret_arn: expect.stringContaining(`/${mine.id}/database-`),
    });
    const login = await world.loginAs(mine);
    expect(await rows(login, "SELECT tenant_id, slug FROM tenant_info")).toEqual([
      { tenant_id: mine.id, slug: mine.slug },
    ]);
    await login.end();
  });

  test("twenty at once are made, and each twice", async () => {
    const many = Array.from({ length: 20 }, () => world.tenant("trial"));
    const made = await Promise.all([...many, ...many].map((one) => world.ensure(one)));
    expect(new Set(made.map(({ secret_arn }) => secret_arn)).size).toBe(20);
  });

  test("has no power over the server and is a member of nothing that could give it any", async () => {
    const one = world.tenant("trial");
    const { role } = await world.ensure(one);
    const admin = await world.adminOf("postgres");
    expect(
      await rows(
        admin,
        `SELECT rolname FROM pg_roles
         WHERE rolname IN ($1, '${roles.tenants}', '${roles.services}', '${roles.owner}')
           AND (rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication)`,
        [role],
      ),
    ).toEqual([]);
    expect(
      await rows(
        admin,
        "SELECT roleid::regrole::text AS of, set_option, admin_option FROM pg_auth_members WHERE member = $1::regrole",
        [role],
      ),
    ).toEqual([{ of: roles.tenants, set_option: false, admin_option: false }]);
    await admin.end();
  });

  test("whose name is that of the services' role gets another", async () => {
    const app = world.tenant("trial", { slug: "app" });
    expect((await world.ensure(app)).role).toBe("tenant_app_");
  });

  test("goes on after a crash that left the role without its place in the pool", async () => {
    const one = world.tenant("trial");
    const { role } = await world.ensure(one);
    await asOwner(world.shared, (owner) =>
      owner.query("DELETE FROM tenancy.tenant_roles WHERE tenant_id = $1", [one.id]),
    );
    const login = await world.loginAs(one);
    // Until it has its place it sees nothing, whatever it says.
    await login.query("SELECT set_config('app.tenant_id', $1, false)", [one.id]);
    expect(await rows(login, "SELECT * FROM tenant_info")).toEqual([]);
    await login.end();
    expect((await world.ensure(one)).role).toBe(role);
  });
});

describe("the login that services share", () => {
  test("sees nothing, then the tenant that the transaction names, then nothing", async () => {
    const [one, other] = [world.tenant("trial"), world.tenant("trial")];
    await Promise.all([world.ensure(one), world.ensure(other)]);
    const { credentials } = await world.secrets.services(() => {
      throw new Error("There is no secret.");
    });
    expect(credentials.username).toBe("tenant_app");
    const service = await world.connect(credentials);
    const seen = () => rows(service, "SELECT tenant_id FROM tenant_info");
    expect(await seen()).toEqual([]);
    for (const { id } of [one, other]) {
      await service.query("BEGIN");
      await service.query("SELECT set_config('app.tenant_id', $1, true)", [id]);
      expect(await seen()).toEqual([{ tenant_id: id }]);
      await service.query("COMMIT");
      expect(await seen()).toEqual([]);
    }
    await service.end();
  });
});

describe("no table of tenants is without its policy", () => {
  test("as long as migrations make them with the helper", async () => {
    await world.ensure(world.tenant("trial"));
    await asOwner(world.shared, async (owner) => {
      expect(await unprotectedTables(owner)).toEqual([]);
      await query(owner, tenantTable("papers", ["id int", "body text"], ["id"]));
      expect(await unprotectedTables(owner)).toEqual([]);
      await owner.query("DROP TABLE papers");
    });
  });

  test.for([
    ["it has none", "CREATE TABLE open (tenant_id text)"],
    ["it is not forced", "ALTER TABLE open NO FORCE ROW LEVEL SECURITY"],
    ["it is switched off", "ALTER TABLE open DISABLE ROW LEVEL SECURITY"],
    ["there is another beside it", "CREATE POLICY more ON open USING (true)"],
    ["it says something else", "ALTER POLICY tenant_isolation ON open USING (true)"],
    ["it lets anything be written", "ALTER POLICY tenant_isolation ON open WITH CHECK (true)"],
    ["it is for some only", `ALTER POLICY tenant_isolation ON open TO ${roles.tenants}`],
    ["it cannot have one", "CREATE MATERIALIZED VIEW open AS SELECT 1 AS one"],
  ])("it is found when %s, and nobody else is let in", async ([, sql]) => {
    await world.ensure(world.tenant("trial"));
    await asOwner(world.shared, async (owner) => {
      if (!sql!.startsWith("CREATE TABLE") && !sql!.startsWith("CREATE MAT"))
        await query(owner, tenantTable("open", ["id int"], ["id"]));
      await owner.query(sql!);
      try {
        expect(await unprotectedTables(owner)).toEqual(["open"]);
        await expect(world.ensure(world.tenant("trial"))).rejects.toMatchObject({ name: "PoolUnsafe" });
      } finally {
        await owner.query(sql!.startsWith("CREATE MAT") ? "DROP MATERIALIZED VIEW open" : "DROP TABLE open");
      }
    });
  });
});

describe("released", () => {
  test("its rows in all tables are gone with its login and its secret, and nobody else's", async () => {
    const [one, other] = [world.tenant("trial"), world.tenant("trial")];
    const { role } = await world.ensure(one);
    await world.ensure(other);
    await asOwner(world.shared, async (owner) => {
      await query(owner, tenantTable("parents", ["id int"], ["id"]));
      await query(
        owner,
        tenantTable("children", ["id int", "parent int", "FOREIGN KEY (tenant_id, parent) REFERENCES parents"], ["id"]),
      );
    });
    for (const each of [one, other]) {
      const login = await world.loginAs(each);
      await login.query("INSERT INTO parents (id) VALUES (1)");
      await login.query("INSERT INTO children (id, parent) VALUES (1, 1)");
      await login.query("SELECT lo_from_bytea(0, 'left behind')");
      // The first of them stays connected: it is thrown out.
      if (each === other) await login.end();
    }
    await world.databases.release(one);
    await world.databases.release(one);
    expect(await world.secretsOf(one)).toEqual([]);
    await asOwner(world.shared, async (owner) => {
      expect(await rows(owner, "SELECT 1 FROM pg_roles WHERE rolname = $1", [role])).toEqual([]);
      expect(await rows(owner, "SELECT 1 FROM tenancy.tenant_roles WHERE tenant_id = $1", [one.id])).toEqual([]);
      for (const { id } of [one, other]) {
        await owner.query("SELECT set_config('app.tenant_id', $1, false)", [id]);
        const left = await rows(
          owner,
          "SELECT (SELECT count(*)::int FROM parents) + (SELECT count(*)::int FROM children) + (SELECT count(*)::int FROM tenant_info) AS n",
        );
        expect(left).toEqual([{ n: id === one.id ? 0 : 3 }]);
      }
      expect(await rows(owner, "SELECT count(*)::int AS n FROM pg_largeobject_metadata")).toEqual([{ n: 1 }]);
      await owner.query("DROP TABLE children, parents");
    });
    await (await world.loginAs(other)).end();
  });

  test("twice at once, or before anything was made, is no error, and the tenant can be made again", async () => {
    const one = world.tenant("trial");
    await world.databases.release(one);
    await world.ensure(one);
    await Promise.all([world.databases.release(one), world.databases.release(one)]);
    const made = await world.ensure(one);
    const login = await world.loginAs(one);
    expect(await rows(login, "SELECT current_user AS role")).toEqual([{ role: made.role }]);
    await login.end();
  });

  test("half made: a secret without a role", async () => {
    const one = world.tenant("trial");
    const login = { username: "x", password: "y", host: "h", port: 1, dbname: "pool" };
    await world.secrets.database(one.id, () => ({ engine: "postgres", ...login, masterarn: "m" }));
    await world.databases.release(one);
    expect(await world.secretsOf(one)).toEqual([]);
  });

  test("a role of another tenant stays", async () => {
    const [one, other] = [world.tenant("trial"), world.tenant("trial")];
    await world.ensure(other);
    await world.databases.release({ ...one, slug: other.slug });
    const login = await world.loginAs(other);
    expect(await rows(login, "SELECT tenant_id FROM tenant_info")).toEqual([{ tenant_id: other.id }]);
    await login.end();
  });
});
