import { randomInt } from "node:crypto";
import { withTenant } from "@tenantry/kit/with-tenant";
import { Pool, type PoolClient } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { onboard, signIn } from "../support/api.ts";
import { ready } from "../support/ready.ts";
import { dropTenantTable, makeTenantTable, poolConfig } from "../support/services.ts";

// Transactions of several tenants, interleaved on few connections, with errors, cancellations and careless code among them.

const table = "with_tenant_rows";
const perRun = 100_000;
const turn = Date.now().toString(36);
let tenants: string[];
let pool: Pool;

beforeAll(async () => {
  const token = await signIn(ready());
  const made = await Promise.all(
    ["A", "B", "C", "D"].map((name) =>
      onboard(ready(), token, { name: `Interleaved ${name} ${turn}`, tier: "standard" }),
    ),
  );
  tenants = made.map(({ operation }) => operation.tenant_id as string);
  await makeTenantTable(ready(), table, ["id bigint GENERATED ALWAYS AS IDENTITY", "owner text NOT NULL"], ["id"]);
  pool = new Pool({ ...(await poolConfig(ready())), max: 8 });
  pool.on("error", () => undefined);
  for (const tenant of tenants)
    await withTenant(pool, tenant, (db) => db.query(`INSERT INTO ${table} (owner) VALUES ($1)`, [tenant]));
});

afterAll(async () => {
  await pool?.end();
  await dropTenantTable(ready(), table);
});

const ownersOf = async (db: Pick<PoolClient, "query">): Promise<string[]> => {
  const { rows } = await db.query<{ owner: string }>(`SELECT owner FROM ${table}`);
  return rows.map(({ owner }) => owner);
};

class Planned extends Error {}

/** One transaction of a kind that chance picks. @returns the rows that it saw */
const transactions: readonly ((tenant: string) => Promise<string[]>)[] = [
  (tenant) => withTenant(pool, tenant, ownersOf),
  // It fails after it has read.
  (tenant) => {
    let seen: string[] = [];
    return withTenant(pool, tenant, async (db) => {
      seen = await ownersOf(db);
      throw new Planned();
    }).catch((error: unknown) => {
      if (!(error instanceof Planned)) throw error;
      return seen;
    });
  },
  // A statement fails, and the code goes on as if nothing were.
  (tenant) =>
    withTenant(pool, tenant, async (db) => {
      const seen = await ownersOf(db);
      await db.query("SELECT 1 / 0").catch(() => undefined);
      return seen;
    }).then(
      () => Promise.reject(new Error("A failed transaction counted as committed.")),
      () => [],
    ),
  // It makes the setting the session's, and leaves a cursor open.
  (tenant) =>
    withTenant(pool, tenant, async (db) => {
      await db.query("SELECT set_config('app.tenant_id', $1, false)", [tenant]);
      await db.query(`DECLARE left_open CURSOR WITH HOLD FOR SELECT owner FROM ${table}`);
      return ownersOf(db);
    }),
  // It ends the transaction by itself and goes on.
  (tenant) =>
    withTenant(pool, tenant, async (db) => {
      await db.query("COMMIT");
      return ownersOf(db);
    }),
];

const cancelledOne = async (tenant: string): Promise<string[]> => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), randomInt(4));
  let seen: string[] = [];
  await withTenant(
    pool,
    tenant,
    async (db) => {
      seen = await ownersOf(db);
      await db.query("SELECT pg_sleep(0.002)");
      seen = [...seen, ...(await ownersOf(db))];
    },
    { signal: controller.signal },
  ).catch(() => undefined);
  return seen;
};

test(`${perRun.toLocaleString("en")} interleaved transactions see no row of another tenant`, async () => {
  let left = perRun;
  let blind = 0;
  const strange: string[] = [];
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (left-- > 0) {
        const tenant = tenants[randomInt(tenants.length)]!;
        const kind = randomInt(1000);
        // Cancelled ones close their connection: one in two hundred, or the run would be about making connections.
        const run = kind < 5 ? cancelledOne : transactions[kind < 500 ? 0 : kind % transactions.length]!;
        const owners = await run(tenant);
        if (run === transactions[0] && owners.length !== 1) blind++;
        strange.push(...owners.filter((owner) => owner !== tenant));
      }
    }),
  );
  expect(strange).toEqual([]);
  expect(blind).toBe(0);
});

test("outside of a tenant's transaction a connection of the pool sees nothing", async () => {
  const clients = await Promise.all(Array.from({ length: 8 }, () => pool.connect()));
  try {
    for (const client of clients) {
      expect(await ownersOf(client)).toEqual([]);
      await expect(client.query("FETCH ALL FROM left_open")).rejects.toThrow(/does not exist/);
    }
  } finally {
    for (const client of clients) client.release();
  }
});

test("the client is of no use after the transaction", async () => {
  const [tenant] = tenants;
  let kept: Pick<PoolClient, "query"> | undefined;
  await withTenant(pool, tenant!, async (db) => void (kept = db));
  expect(() => kept?.query("SELECT 1")).toThrow(/over/);
});

test.each(["", "ten_1", "org_platform", "ten_01JD0000000000000000000000'; SELECT 1; --"])(
  "%j is no tenant's id",
  async (id) => {
    await expect(withTenant(pool, id, ownersOf)).rejects.toThrow(TypeError);
  },
);
