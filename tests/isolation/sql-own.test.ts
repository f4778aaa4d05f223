import { escapeIdentifier } from "pg";
import { beforeAll, describe, expect, test } from "vitest";
import { signIn } from "../support/api.ts";
import { ready } from "../support/ready.ts";
import { attempt, connect, folderOf, type Party, party, secret, visit } from "../support/sql.ts";

describe.for([
  ["bridge: a database of one's own on the shared server", "business"],
  ["silo: a cluster of one's own", "premium"],
] as const)("%s", ([title, tier]) => {
  let a: Party;
  let b: Party;
  let pooled: Party;
  beforeAll(async () => {
    const token = await signIn(ready());
    const name = (who: string) => `${title.split(":")[0]} ${who}`;
    [a, b, pooled] = await Promise.all([
      party(token, tier, name("A")),
      party(token, tier, name("B")),
      party(token, "trial", name("C")),
    ]);
  });

  test("A's login does not open B's database", async () => {
    const there = { host: b.database.host, port: b.database.port, dbname: b.database.name };
    await expect(visit(a.login, there)).rejects.toThrow(
      tier === "premium" ? /password authentication failed/ : /permission denied for database/,
    );
  });

  test.for(["pool", "postgres", "template1"])(
    "A's login does not open the shared server's database %s",
    async (dbname) => {
      const there = { host: pooled.database.host, port: pooled.database.port, dbname };
      await expect(visit(a.login, there)).rejects.toThrow(/permission denied|password authentication failed/);
    },
  );

  test("a login of the pool does not open A's database", async () => {
    const there = { host: a.database.host, port: a.database.port, dbname: a.database.name };
    await expect(visit(pooled.login, there)).rejects.toThrow(/permission denied|password authentication failed/);
  });

  test("the services' login does not open A's database", async () => {
    const services = await secret(`${await folderOf(pooled)}/pool/database`);
    const there = { host: a.database.host, port: a.database.port, dbname: a.database.name };
    await expect(visit(services, there)).rejects.toThrow(
      /permission denied|password authentication failed|not permitted to log in/,
    );
  });

  test.for([
    ["become B", "SET ROLE $rb"],
    ["become the services", "SET ROLE tenant_app"],
    ["drop B's database", "DROP DATABASE $db"],
    ["rename B's database", "ALTER DATABASE $db RENAME TO mine"],
    ["let oneself in", "GRANT CONNECT ON DATABASE $db TO CURRENT_USER"],
    ["make a database", "CREATE DATABASE mine"],
    ["make a role", "CREATE ROLE mine"],
    ["reach out by an extension", "CREATE EXTENSION dblink"],
    ["read files", "SELECT pg_read_file('pg_hba.conf')"],
    ["read passwords", "SELECT * FROM pg_authid"],
    ["run a program", "COPY (SELECT 1) TO PROGRAM 'cat'"],
  ])("A cannot %s", async ([, sql]) => {
    const mine = await connect(a.login);
    const statement = sql!
      .replace("$rb", escapeIdentifier(b.database.role))
      .replace("$db", escapeIdentifier(b.database.name));
    const outcome = await attempt(mine, statement);
    await mine.end();
    expect(outcome).toEqual(
      expect.stringMatching(/permission denied|must be owner|does not exist|only (superuser|roles)|is not available/i),
    );
  });

  test("A and B each own what is theirs, and both are as the migrations made them", async () => {
    for (const each of [a, b]) {
      const login = await connect(each.login);
      expect(await attempt(login, "SELECT tenant_id FROM tenant_info")).toEqual([[each.id]]);
      expect(await attempt(login, "SELECT current_database(), current_user")).toEqual([
        [each.database.name, each.database.role],
      ]);
      await login.end();
    }
    expect(a.database.port === b.database.port).toBe(tier === "business");
  });
});
