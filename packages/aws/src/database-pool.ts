import { type Client, escapeIdentifier, escapeLiteral } from "pg";
import { ProvisioningError } from "@tenantry/core/provisioning/errors";
import { admitTenant, dismissTenant, migrate } from "./database-migrations.ts";
import { freshLogin, type TenantDatabase } from "./database-own.ts";
import { dropLogins, ensureDatabase, ensureLogin, ensureTwin, loginsOf, look, ownerMark } from "./database-roles.ts";
import { prepareServer, prepareShared, roles, shutOut, taken, twinOf } from "./database-roles.ts";
import { asAdmin, connected, type DatabaseServer, lockTenant, transaction } from "./database-server.ts";
import { scramVerifier } from "./scram.ts";
import type { TenantSecrets } from "./tenant-secrets.ts";
import { unprotectedTables } from "./tenant-table.ts";

/** The database that the tenants of the pool share. A slug gives no such name, so no tenant's own can be it. */
export const poolDatabase = "pool";

/** A login to the shared database that sees one tenant's rows. @returns the secret's ARN. */
export const ensurePooled = (
  server: DatabaseServer,
  secrets: TenantSecrets,
  { tenantId, slug, role }: Omit<TenantDatabase, "name">,
): Promise<string> =>
  asAdmin(server, "postgres", async (admin) => {
    await prepareServer(admin);
    await prepareShared(admin, () => preparePool(admin, server, secrets));
    await lockTenant(admin, tenantId);
    const found = await look(admin, { tenantId, role });
    if (found.role === "other") throw taken(`role ${role}`);
    const { arn, credentials } = await secrets.database(tenantId, () => freshLogin(server, role, poolDatabase));
    await ensureLogin(admin, { tenantId, role, credentials, exists: found.role === "mine" });
    await admin.query(`GRANT ${roles.tenants} TO ${escapeIdentifier(role)} WITH INHERIT TRUE, SET FALSE`);
    await asOwner(server, async (owner) => {
      await migrate(owner);
      const open = await unprotectedTables(owner);
      if (open.length > 0)
        throw new ProvisioningError("PoolUnsafe", `No policy keeps tenants apart in ${open.join(", ")}.`);
      await transaction(owner, () => admitTenant(owner, { tenantId, slug, logins: [role, twinOf(role)] }));
    });
    await connected(server, credentials, async (tenant) => {
      const { rows } = await tenant.query<{ id: string | null }>("SELECT tenancy.tenant_id() AS id");
      if (rows[0]?.id !== tenantId)
        throw new ProvisioningError("PoolUnsafe", `The role ${role} does not see what is the tenant's.`);
    });
    await secrets.rotate(arn);
    return arn;
  });

/** Deletes the tenant's rows in every table, and its login with whatever that owned. */
export const releasePooled = (
  server: DatabaseServer,
  { tenantId, role }: Omit<TenantDatabase, "name" | "slug">,
): Promise<void> =>
  asAdmin(server, "postgres", async (admin) => {
    await lockTenant(admin, tenantId);
    const { role: login } = await look(admin, { tenantId, role });
    const logins = login === "mine" ? await loginsOf(admin, role) : [];
    await shutOut(admin, logins);
    const { rowCount } = await admin.query("SELECT 1 FROM pg_database WHERE datname = $1", [poolDatabase]);
    if (rowCount !== 0)
      await asOwner(server, async (owner) => {
        const { rows } = await owner.query("SELECT to_regclass('public.tenant_info') AS made");
        if (rows[0].made !== null) await transaction(owner, () => dismissTenant(owner, tenantId));
        if (logins.length === 0) return;
        // Large objects are all that a tenant can own here.
        await owner.query("RESET ROLE");
        await owner.query(`DROP OWNED BY ${logins.map((one) => escapeIdentifier(one)).join(", ")}`);
      });
    await dropLogins(admin, logins);
  });

/** Runs something in the shared database as its owner. */
export const asOwner = <T>(server: DatabaseServer, run: (owner: Client) => Promise<T>): Promise<T> =>
  asAdmin(server, poolDatabase, async (client) => {
    await client.query(`SET ROLE ${roles.owner}`);
    return run(client);
  });

/** The shared database, and the login of the services that work in it. */
const preparePool = async (admin: Client, server: DatabaseServer, secrets: TenantSecrets): Promise<void> => {
  const { arn, credentials } = await secrets.services(() => freshLogin(server, roles.services, poolDatabase));
  const { username, password } = credentials;
  if (username === roles.services)
    await admin.query(`ALTER ROLE ${roles.services} LOGIN PASSWORD ${escapeLiteral(scramVerifier(password))}`);
  else await ensureTwin(admin, { role: roles.services, mark: ownerMark("services"), password });
  const found = await look(admin, { tenantId: "", role: roles.owner, name: poolDatabase });
  if (found.database === "other") throw taken(`database ${poolDatabase}`);
  const exists = found.database === "mine";
  await ensureDatabase(admin, { name: poolDatabase, owner: roles.owner, mark: "pool", exists });
  await admin.query(`GRANT CONNECT ON DATABASE ${poolDatabase} TO ${roles.tenants}, ${roles.services}`);
  await secrets.rotate(arn);
};
