import { afterAll, beforeAll, expect, test } from "vitest";
import { randomBytes } from "node:crypto";
import { databaseSizes } from "./database-size.ts";
import { tenantTable } from "./tenant-table.ts";
import { poolDatabase } from "./database-pool.ts";
import { startDatabaseCloud } from "./testing/database-cloud.ts";

let base: Awaited<ReturnType<typeof startDatabaseCloud>>;
beforeAll(async () => {
  base = await startDatabaseCloud();
});
afterAll(() => base.cloud.close());

const sizes = () =>
  databaseSizes(base.shared, async (arn) => {
    const { credentials } = await base.secrets.database(arn, () => {
      throw new Error("There is no secret.");
    });
    return credentials;
  });

test("a tenant of the pool weighs its own rows, in every table, and nobody else's", async () => {
  const [mine, other] = [base.tenant("standard"), base.tenant("standard")];
  const resources = { database: await base.ensure(mine) };
  await base.ensure(other);
  const weigh = () => sizes().bytes({ ...mine, resources });
  const empty = await weigh();
  expect(empty).toBeGreaterThan(0);
  expect(empty).toBeLessThan(500);

  const admin = await base.adminOf(poolDatabase);
  await admin.query("SET ROLE tenantry_owner");
  for (const statement of tenantTable("papers", ["id int NOT NULL", "body text NOT NULL"], ["id"]))
    await admin.query(statement);
  await admin.end();
  const write = async (tenant: typeof mine, id: number, bytes: number) => {
    const client = await base.loginAs(tenant);
    // Random, so that it is not compressed.
    await client.query("INSERT INTO papers (id, body) VALUES ($1, $2)", [id, randomBytes(bytes / 2).toString("hex")]);
    await client.end();
  };
  await write(other, 1, 900_000);
  expect(await weigh()).toBe(empty);
  await write(mine, 1, 1000);
  const [small] = [await weigh()];
  expect(small - empty).toBeGreaterThan(1000);
  expect(small - empty).toBeLessThan(1200);
  // Out of line: hex halves, as PostgreSQL compresses it a little.
  await write(mine, 2, 500_000);
  expect((await weigh()) - small).toBeGreaterThan(250_000);
  expect((await weigh()) - small).toBeLessThan(550_000);
});

test("an own database weighs what PostgreSQL says", async () => {
  const tenant = base.tenant("business");
  const resources = { database: await base.ensure(tenant) };
  const client = await base.loginAs(tenant);
  await client.query("CREATE TABLE blobs (body text)");
  const before = await sizes().bytes({ ...tenant, resources });
  await client.query("INSERT INTO blobs SELECT repeat(md5(n::text), 60) FROM generate_series(1, 3000) n");
  await client.query("CHECKPOINT").catch(() => undefined);
  await client.end();
  expect(before).toBeGreaterThan(1_000_000);
  expect((await sizes().bytes({ ...tenant, resources })) - before).toBeGreaterThan(100_000);
});

test("who has no database weighs nothing", async () => {
  expect(await sizes().bytes(base.tenant("standard", { resources: {} }))).toBe(0);
});
