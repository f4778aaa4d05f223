import { randomBytes } from "node:crypto";
import { escapeIdentifier } from "pg";
import { admitTenant, migrate } from "./database-migrations.ts";
import { dropLogins, ensureDatabase, ensureLogin, loginsOf, look, prepareServer } from "./database-roles.ts";
import { shutOut, taken, twinOf } from "./database-roles.ts";
import { asAdmin, connected, type DatabaseServer, lockTenant, transaction } from "./database-server.ts";
import type { DatabaseCredentials, TenantSecrets } from "./tenant-secrets.ts";

export type TenantDatabase = {
  readonly tenantId: string;
  readonly slug: string;
  readonly name: string;
  readonly role: string;
};

export const newPassword = (): string => randomBytes(32).toString("base64url");

/** Credentials that there are none of yet, as they are stored before the login is made. */
export const freshLogin = (server: DatabaseServer, username: string, dbname: string): DatabaseCredentials => ({
  engine: "postgres",
  username,
  password: newPassword(),
  host: server.host,
  port: server.port,
  dbname,
  masterarn: server.masterArn,
});

/** A database of one's own and its owner, on whichever server. @returns the secret's ARN. */
export const ensureOwn = (
  server: DatabaseServer,
  secrets: TenantSecrets,
  { tenantId, slug, name, role }: TenantDatabase,
): Promise<string> =>
  asAdmin(server, "postgres", async (admin) => {
    await prepareServer(admin);
    // A second run for this tenant waits, then finds everything made.
    await lockTenant(admin, tenantId);
    const found = await look(admin, { tenantId, name, role });
    if (found.role === "other") throw taken(`role ${role}`);
    if (found.database === "other") throw taken(`database ${name}`);
    const { arn, credentials } = await secrets.database(tenantId, () => freshLogin(server, role, name));
    await ensureLogin(admin, { tenantId, role, credentials, exists: found.role === "mine" });
    await ensureDatabase(admin, { name, owner: role, mark: tenantId, exists: found.database === "mine" });
    // As the tenant's own role, which proves at once that it can log in.
    await connected(server, credentials, async (owner) => {
      await migrate(owner);
      await transaction(owner, () => admitTenant(owner, { tenantId, slug, logins: [role, twinOf(role)] }));
    });
    await secrets.rotate(arn);
    return arn;
  });

/** Takes away the database, with whoever is connected to it, and its owner. */
export const releaseOwn = (
  server: DatabaseServer,
  { tenantId, name, role }: Omit<TenantDatabase, "slug">,
): Promise<void> =>
  asAdmin(server, "postgres", async (admin) => {
    await lockTenant(admin, tenantId);
    const found = await look(admin, { tenantId, name, role });
    // The role comes first and goes last: without it nothing here is this tenant's.
    if (found.role !== "mine") return;
    const logins = await loginsOf(admin, role);
    await shutOut(admin, logins);
    if (found.database === "mine") await admin.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(name)} WITH (FORCE)`);
    await dropLogins(admin, logins);
  });
