import { readFile, writeFile } from "node:fs/promises";
import net from "node:net";
import { Client, type ClientConfig } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graphOf, startTestCloud, type TestCloud } from "../gateway/testing.ts";
import { authorityFile, postgres } from "./postgres.ts";

const graph = graphOf({
  type: "aws:rds/cluster:Cluster",
  name: "Database",
  inputs: {
    engine: "aurora-postgresql",
    masterUsername: "postgres",
    masterPassword: "it's secret",
    databaseName: "tenantry",
  },
});

describe("PostgreSQL", () => {
  let cloud: TestCloud;
  let ca: string;
  beforeAll(async () => {
    cloud = await startTestCloud([postgres]);
    await cloud.apply(graph);
    ca = await readFile(authorityFile(cloud.host.data), "utf8");
  }, 60_000);
  afterAll(() => cloud.close());

  const query = async (text: string, options: ClientConfig = {}): Promise<Record<string, unknown>[]> => {
    const client = new Client({
      ...cloud.host.postgres,
      user: "postgres",
      password: "it's secret",
      database: "tenantry",
      ssl: { ca },
      ...options,
    });
    await client.connect();
    try {
      return (await client.query(text)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  };

  test("the master user signs in by TLS to the database that the stack names", async () => {
    const [row] = await query(
      "SELECT current_user, current_database(), version(), ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    );
    expect(row).toMatchObject({ current_user: "postgres", current_database: "tenantry", ssl: true });
    expect(row?.["version"]).toMatch(/^PostgreSQL 18/);
  });

  test.for([
    ["no TLS", { ssl: false }, /no pg_hba.conf entry/],
    ["another authority", { ssl: true }, /certificate/],
    ["a wrong password", { password: "wrong" }, /password authentication failed/],
  ] as const)("it does not let in %s", async ([, options, message]) => {
    await expect(query("SELECT 1", { ...options })).rejects.toThrow(message);
  });

  test("the master user creates databases and roles, and is no superuser", async () => {
    await query("CREATE ROLE acme LOGIN PASSWORD 'x'");
    await query("GRANT acme TO postgres");
    await query("CREATE DATABASE acme OWNER acme");
    expect(await query("SELECT 1 AS one", { user: "acme", password: "x", database: "acme" })).toEqual([{ one: 1 }]);
    const [row] = await query("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = 'postgres'");
    expect(row).toEqual({ rolsuper: false, rolbypassrls: false });
  });

  test("it listens on the loopback interface only, and applying again keeps what there is", async () => {
    await query("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)");
    await cloud.apply(graph);
    expect(await query("SELECT n FROM kept")).toEqual([{ n: 1 }]);
    expect(await query("SHOW listen_addresses")).toEqual([{ listen_addresses: "127.0.0.1" }]);
    expect(net.isIP(cloud.host.postgres.host)).toBe(4);
  });

  test("databases and the port survive a restart, and a lock that another program's number stands in", async () => {
    const { data, postgres: before } = cloud.host;
    await cloud.close({ keep: true });
    await writeFile(`${data}/postgres/data/postmaster.pid`, `${process.pid}\n${data}\n`, { mode: 0o600 });
    cloud = await startTestCloud([postgres], data);
    await cloud.apply(graph);
    expect(cloud.host.postgres).toEqual(before);
    expect(await query("SELECT n FROM kept")).toEqual([{ n: 1 }]);
  }, 30_000);
});
