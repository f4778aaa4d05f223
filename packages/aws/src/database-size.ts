import type { Scale } from "@tenantry/core/intake/sample-storage";
import type { Tenant } from "@tenantry/core/tenant/tenant";
import { type Client, escapeIdentifier } from "pg";
import { asOwner } from "./database-pool.ts";
import { asAdmin, connected, type DatabaseServer, transaction } from "./database-server.ts";
import { loginFrom } from "./tenant-secrets.ts";

type Login = Awaited<ReturnType<ReturnType<typeof loginFrom>>>;

/** The tables of the shared database that hold tenants' rows. */
const tenantTables = `
  SELECT n.nspname AS schema, c.relname AS name
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE p.polname = 'tenant_isolation' AND c.relkind IN ('r', 'p')
  ORDER BY 1, 2`;

/** The bytes of one tenant's rows as they are stored, compressed and with what lies outside the table; indexes not. */
const pooledBytes = (server: DatabaseServer, tenantId: string): Promise<number> =>
  asOwner(server, async (owner) => {
    const { rows: tables } = await owner.query<{ schema: string; name: string }>(tenantTables);
    const sums = tables.map(({ schema, name }) => {
      const table = `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`;
      return `SELECT sum(pg_column_size(t.*)) AS bytes FROM ${table} t WHERE t.tenant_id = $1`;
    });
    if (sums.length === 0) return 0;
    return transaction(owner, async () => {
      await owner.query("SELECT set_config('app.tenant_id', $1, true)", [tenantId]);
      return only(owner, `SELECT coalesce(sum(bytes), 0) AS bytes FROM (${sums.join(" UNION ALL ")}) all_tables`, [
        tenantId,
      ]);
    });
  });

const only = async (client: Client, sql: string, values: readonly string[]): Promise<number> => {
  const { rows } = await client.query<{ bytes: string }>(sql, [...values]);
  return Number(rows[0]?.bytes ?? 0);
};

const ofDatabase = "SELECT pg_database_size(oid) AS bytes FROM pg_database WHERE datname = $1";

/**
 * How much tenants' databases hold: of the pool a tenant's own rows, of the others the whole database as PostgreSQL
 * gives its size, indexes and all.
 *
 * @param login reads a secret of RDS's shape: a silo is asked as the tenant's own login
 */
export const databaseSizes = (
  shared: DatabaseServer,
  login: (secretArn: string) => Promise<Login> = (arn) => loginFrom(arn)(),
): Scale => ({
  async bytes({ id, resources: { database } }: Tenant) {
    if (database === undefined) return 0;
    const { isolation, name, host, port, secret_arn } = database;
    if (isolation === "pool") return pooledBytes(shared, id);
    if (isolation === "bridge") return asAdmin(shared, "postgres", (admin) => only(admin, ofDatabase, [name]));
    return connected({ ...shared, host, port }, { ...(await login(secret_arn)), dbname: name }, (owner) =>
      only(owner, ofDatabase, [name]),
    );
  },
});
