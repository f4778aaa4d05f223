import type { Client } from "pg";
import { roles } from "./database-roles.ts";

/** The one condition of every policy. In a subquery, so that it is asked once for each statement and not for each row. */
const condition = "tenant_id = (SELECT tenancy.tenant_id())";

/**
 * Row level security for a table that has a `tenant_id`, and what both tenants and services may do with it. `FORCE`
 * holds the table's owner to it too.
 */
export const protect = (table: string, may = "SELECT, INSERT, UPDATE, DELETE"): readonly string[] => [
  `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`,
  `ALTER TABLE ${table} FORCE ROW LEVEL SECURITY`,
  `CREATE POLICY tenant_isolation ON ${table} USING (${condition}) WITH CHECK (${condition})`,
  `GRANT ${may} ON ${table} TO ${roles.tenants}, ${roles.services}`,
];

/**
 * The statements that make a table of tenants' rows: the only way in which a migration adds one.
 *
 * - The key begins with the tenant, so that a taken key tells nothing of another tenant's rows.
 * - A reference to another table of this kind must include `tenant_id`, as foreign keys do not ask policies.
 * - A row cannot outlive its tenant, and whoever is gone gets no new one.
 *
 * @param table its name, lower-case letters, digits and underscores
 * @param columns as in `CREATE TABLE`, besides `tenant_id`
 * @param key the columns that, with the tenant, are the primary key
 */
export const tenantTable = (
  table: string,
  columns: readonly string[],
  key: readonly [string, ...string[]],
): readonly string[] => [
  `CREATE TABLE public.${table} (
    tenant_id text NOT NULL DEFAULT tenancy.tenant_id()
      REFERENCES public.tenant_info (tenant_id) ON DELETE CASCADE,
    ${columns.join(",\n    ")},
    PRIMARY KEY (tenant_id, ${key.join(", ")})
  )`,
  ...protect(`public.${table}`),
];

const unprotected = `
  WITH guarded AS (
    SELECT polrelid
    FROM pg_policy
    GROUP BY polrelid
    HAVING count(*) = 1 AND bool_and(
      polname = 'tenant_isolation' AND polpermissive AND polcmd = '*' AND polroles = '{0}'
      AND pg_get_expr(polqual, polrelid) = $1 AND pg_get_expr(polwithcheck, polrelid) = $1)
  )
  SELECT c.oid::regclass::text AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname <> ALL ('{pg_catalog,information_schema,tenancy,pg_toast}') AND n.nspname NOT LIKE 'pg\\_%temp\\_%'
    AND (c.relkind IN ('m', 'f')
      OR c.relkind IN ('r', 'p')
        AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND c.oid IN (SELECT polrelid FROM guarded)))
  ORDER BY 1`;

/**
 * Tables of the shared database whose rows are not kept apart by exactly the one policy, and what no policy can keep
 * apart (materialized views, foreign tables). There must be none.
 */
export const unprotectedTables = async (client: Client): Promise<readonly string[]> => {
  const { rows } = await client.query<{ name: string }>(unprotected, [
    "(tenant_id = ( SELECT tenancy.tenant_id() AS tenant_id))",
  ]);
  return rows.map(({ name }) => name);
};
