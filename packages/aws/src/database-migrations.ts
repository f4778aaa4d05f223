import type { ClientBase } from "pg";

type Migration = { readonly version: number; readonly name: string; readonly sql: string };

/** Migrations of a tenant's database, in order. Never change one that has shipped: add the next. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: "tenant_info",
    // At most one row: the key can only be true.
    sql: `CREATE TABLE tenant_info (
      only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
      tenant_id text NOT NULL,
      slug text NOT NULL,
      created_at timestamptz NOT NULL DEFAULT now()
    )`,
  },
];

/** Applies what the database lacks and writes whose it is, all in one transaction. Twice, or twice at once, is once. */
export const migrate = async (client: ClientBase, tenant: { tenantId: string; slug: string }): Promise<void> => {
  await client.query("BEGIN");
  await client.query("SELECT pg_advisory_xact_lock(hashtextextended('tenantry/migrations', 0))");
  await client.query(`CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
  )`);
  const { rows } = await client.query<{ version: number }>("SELECT version FROM schema_migrations");
  const applied = new Set(rows.map((row) => row.version));
  for (const { version, name, sql } of migrations) {
    if (applied.has(version)) continue;
    await client.query(sql);
    await client.query("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)", [version, name]);
  }
  await client.query("INSERT INTO tenant_info (tenant_id, slug) VALUES ($1, $2) ON CONFLICT (only_row) DO NOTHING", [
    tenant.tenantId,
    tenant.slug,
  ]);
  await client.query("COMMIT");
};
