import { randomBytes } from "node:crypto";
import type { ConnectionOptions } from "node:tls";
import { ProvisioningError } from "@tenantry/core/provisioning/errors";
import type { Databases } from "@tenantry/core/provisioning/ports";
import { Client, escapeIdentifier, escapeLiteral } from "pg";
import { migrate } from "./database-migrations.ts";
import { scramVerifier } from "./scram.ts";
import type { DatabaseCredentials, TenantSecrets } from "./tenant-secrets.ts";

export type DatabaseServer = {
  readonly host: string;
  readonly port: number;
  /** The login that may create roles and databases; it need not be a superuser. */
  readonly admin: () => Promise<{ readonly username: string; readonly password: string }>;
  /** The server's certificate is always verified; `ca` adds an authority to those that Node knows. */
  readonly tls?: Pick<ConnectionOptions, "ca">;
};

/** Databases of tenants on one PostgreSQL server, 16 or later. */
export const postgresDatabases = (server: DatabaseServer, secrets: TenantSecrets): Databases => ({
  async ensure({ tenantId, slug, name, role }) {
    const login = await server.admin();
    const admin = await connect(server, { ...login, dbname: "postgres" });
    try {
      // Held until the connection ends: a second run for this tenant waits, then finds everything made.
      await admin.query("SELECT pg_advisory_lock(hashtextextended($1, 0))", [`tenantry/${tenantId}`]);
      const found = await look(admin, { tenantId, name, role });
      const { arn, credentials } = await secrets.database(tenantId, () => ({
        username: role,
        password: randomBytes(32).toString("base64url"),
        host: server.host,
        port: server.port,
        dbname: name,
      }));
      await ensureRole(admin, { tenantId, role, password: credentials.password, exists: found.role });
      await ensureDatabase(admin, { tenantId, name, role, exists: found.database });
      await migrateAs(server, credentials, { tenantId, slug });
      return { host: server.host, port: server.port, name, role, secret_arn: arn };
    } finally {
      await close(admin);
    }
  },
  async release(tenant) {
    throw new ProvisioningError("ReleaseMissing", `The database of ${tenant.id} cannot be released.`);
  },
});

const connect = async (
  { host, port, tls }: DatabaseServer,
  login: Pick<DatabaseCredentials, "username" | "password" | "dbname">,
): Promise<Client> => {
  const client = new Client({
    host,
    port,
    user: login.username,
    password: login.password,
    database: login.dbname,
    ssl: { ...tls, rejectUnauthorized: true },
    application_name: "tenantry",
    // A server scaled to zero takes some 15 seconds to wake.
    connectionTimeoutMillis: 20_000,
    statement_timeout: 30_000,
    query_timeout: 35_000,
  });
  // Without a listener a connection lost between two queries would end the process; the next query tells of it anyway.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await close(client);
    throw error;
  }
  return client;
};

const close = (client: Client): Promise<void> => client.end().catch(() => undefined);

/** What the comments on a tenant's role and database say; they tell whose these are. */
const ownerMark = (tenantId: string): string => `tenantry: ${tenantId}`;

const taken = (what: string): ProvisioningError =>
  new ProvisioningError("NameTaken", `The ${what} exists on the database server and is not this tenant's.`);

/** What there is of the tenant's. A database may have lost its mark to a crash; its owner tells whose it is all the same. */
const look = async (admin: Client, { tenantId, name, role }: { tenantId: string; name: string; role: string }) => {
  const roles = await admin.query<{ mark: string | null }>(
    "SELECT shobj_description(oid, 'pg_authid') AS mark FROM pg_roles WHERE rolname = $1",
    [role],
  );
  const databases = await admin.query<{ owner: string }>(
    "SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = $1",
    [name],
  );
  const [mark, owner] = [roles.rows[0]?.mark, databases.rows[0]?.owner];
  if (mark !== undefined && mark !== ownerMark(tenantId)) throw taken(`role ${role}`);
  if (owner !== undefined && owner !== role) throw taken(`database ${name}`);
  return { role: mark !== undefined, database: owner !== undefined };
};

/** The role and its mark appear together or not at all. */
const ensureRole = async (
  admin: Client,
  { tenantId, role, password, exists }: { tenantId: string; role: string; password: string; exists: boolean },
): Promise<void> => {
  const login = `${escapeIdentifier(role)} LOGIN PASSWORD ${escapeLiteral(scramVerifier(password))}`;
  if (exists) {
    await admin.query(`ALTER ROLE ${login}`);
    return;
  }
  await admin.query("BEGIN");
  await admin.query(`CREATE ROLE ${login}`);
  await admin.query(`COMMENT ON ROLE ${escapeIdentifier(role)} IS ${escapeLiteral(ownerMark(tenantId))}`);
  // An admin that is no superuser must be a member of the role to make it the owner of something.
  await admin.query(`GRANT ${escapeIdentifier(role)} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`);
  await admin.query("COMMIT");
};

/** `CREATE DATABASE` stands in no transaction: each statement may be the first that a crash left out. */
const ensureDatabase = async (
  admin: Client,
  { tenantId, name, role, exists }: { tenantId: string; name: string; role: string; exists: boolean },
): Promise<void> => {
  const database = escapeIdentifier(name);
  if (!exists) await admin.query(`CREATE DATABASE ${database} OWNER ${escapeIdentifier(role)}`);
  await admin.query(`COMMENT ON DATABASE ${database} IS ${escapeLiteral(ownerMark(tenantId))}`);
  await admin.query(`REVOKE CONNECT, TEMPORARY ON DATABASE ${database} FROM PUBLIC`);
};

/** As the tenant's own role, which proves at once that it can log in. */
const migrateAs = async (
  server: DatabaseServer,
  credentials: DatabaseCredentials,
  tenant: { tenantId: string; slug: string },
): Promise<void> => {
  const owner = await connect(server, credentials);
  try {
    await migrate(owner, tenant);
  } finally {
    await close(owner);
  }
};
