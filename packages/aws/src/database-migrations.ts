import { CompiledQuery, Kysely, PostgresDialect } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import type { Client } from "pg";
import { roles } from "./database-roles.ts";
import { protect } from "./tenant-table.ts";

/**
 * Whose rows a session may see. A tenant's login sees its own whatever it sets, as this asks who logged in: neither
 * `SET ROLE` nor a view or function of another owner changes that. Only services and administrators, who log in as
 * members of the services' role, say it by the setting. Whoever is neither sees nothing.
 */
const whose = `CREATE FUNCTION tenancy.tenant_id() RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$
    SELECT CASE
      WHEN EXISTS (SELECT FROM tenancy.tenant_roles WHERE role_name = session_user)
        THEN (SELECT tenant_id FROM tenancy.tenant_roles WHERE role_name = session_user)
      WHEN pg_has_role(session_user, '${roles.services}', 'USAGE')
        THEN nullif(current_setting('app.tenant_id', true), '')
    END
  $$`;

/** Migrations of every database of tenants, shared or own. Never change one that has shipped: add the next. */
const migrations: Readonly<Record<string, readonly string[]>> = {
  "0001_tenancy": [
    "CREATE TABLE tenancy.tenant_roles (role_name name PRIMARY KEY, tenant_id text NOT NULL UNIQUE)",
    whose,
    "REVOKE ALL ON FUNCTION tenancy.tenant_id() FROM PUBLIC",
    `GRANT USAGE ON SCHEMA tenancy TO ${roles.tenants}, ${roles.services}`,
    `GRANT EXECUTE ON FUNCTION tenancy.tenant_id() TO ${roles.tenants}, ${roles.services}`,
  ],
  "0002_tenant_info": [
    `CREATE TABLE public.tenant_info (
      tenant_id text PRIMARY KEY,
      slug text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    )`,
    ...protect("public.tenant_info", "SELECT"),
  ],
  // A tenant has two logins, so that one works while the other gets a new password.
  "0003_second_login": ["ALTER TABLE tenancy.tenant_roles DROP CONSTRAINT tenant_roles_tenant_id_key"],
};

/**
 * Applies the migrations that the database lacks, in order and all in one transaction under an advisory lock. Twice, or
 * twice at once, is once; after a crash it begins again where it was. The client's role becomes the owner.
 */
export const migrate = async (client: Client, all = migrations): Promise<void> => {
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: poolOf(client) }) });
  const steps = Object.entries(all).map(([name, statements]): [string, Migration] => [
    name,
    {
      async up(on) {
        for (const sql of statements) await on.executeQuery(CompiledQuery.raw(sql));
      },
    },
  ]);
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => Object.fromEntries(steps) },
    migrationTableSchema: "tenancy",
    migrationTableName: "schema_migrations",
    migrationLockTableName: "schema_migrations_lock",
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
};

/** Kysely wants a pool; this one holds the one client and never ends it. */
const poolOf = (client: Client) => ({
  options: {},
  end: async () => {},
  connect: async () => Object.assign(client, { release: () => {} }),
});

/**
 * Writes down whose the database's rows are: which logins see which tenant, whether they exist already or will, and the
 * tenant itself. Idempotent.
 */
export const admitTenant = async (
  client: Client,
  { tenantId, slug, logins }: { tenantId: string; slug: string; logins: readonly string[] },
): Promise<void> => {
  await client.query("SELECT set_config('app.tenant_id', $1, true)", [tenantId]);
  await client.query(
    "INSERT INTO tenancy.tenant_roles (role_name, tenant_id) SELECT unnest($1::name[]), $2 ON CONFLICT DO NOTHING",
    [logins, tenantId],
  );
  await client.query("INSERT INTO public.tenant_info (tenant_id, slug) VALUES ($1, $2) ON CONFLICT DO NOTHING", [
    tenantId,
    slug,
  ]);
};

/** Takes the tenant out: its rows in all tables go with it. Idempotent. */
export const dismissTenant = async (client: Client, tenantId: string): Promise<void> => {
  await client.query("SELECT set_config('app.tenant_id', $1, true)", [tenantId]);
  await client.query("DELETE FROM public.tenant_info WHERE tenant_id = $1", [tenantId]);
  await client.query("DELETE FROM tenancy.tenant_roles WHERE tenant_id = $1", [tenantId]);
};
