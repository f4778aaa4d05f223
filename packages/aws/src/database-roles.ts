import { ProvisioningError } from "@tenantry/core/provisioning/errors";
import { type Client, escapeIdentifier, escapeLiteral } from "pg";
import { transaction } from "./database-server.ts";
import { scramVerifier } from "./scram.ts";

/** Roles that every server of tenants has. None of them is a superuser or passes by row level security. */
export const roles = {
  /** Owns the shared database and all that is in it. Nobody can log in as it. */
  owner: "tenantry_owner",
  /** The logins of the pool's tenants are members of it and may do no more than it may. */
  tenants: "tenantry_tenants",
  /** Services that work for one tenant after the other: each transaction says for which by `app.tenant_id`. */
  services: "tenant_app",
} as const;

/** What the comments on a tenant's role and database say; they tell whose these are. */
const ownerMark = (tenantId: string): string => `tenantry: ${tenantId}`;

type Wanted = { readonly tenantId: string; readonly role: string; readonly name?: string };

/**
 * What there is of the tenant's. A database may have lost its mark to a crash; its owner tells whose it is all the same.
 * `"other"` is somebody else's.
 */
export const look = async (admin: Client, { tenantId, role, name }: Wanted) => {
  const found = await admin.query<{ mark: string | null }>(
    "SELECT shobj_description(oid, 'pg_authid') AS mark FROM pg_roles WHERE rolname = $1",
    [role],
  );
  const databases = await admin.query<{ owner: string }>(
    "SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = $1",
    [name ?? ""],
  );
  const [mark, owner] = [found.rows[0]?.mark, databases.rows[0]?.owner];
  const mine = mark === ownerMark(tenantId);
  return {
    role: mark === undefined ? ("none" as const) : mine ? ("mine" as const) : ("other" as const),
    database: owner === undefined ? ("none" as const) : owner === role ? ("mine" as const) : ("other" as const),
  };
};

export const taken = (what: string): ProvisioningError =>
  new ProvisioningError("NameTaken", `The ${what} exists on the database server and is not this tenant's.`);

/** The tenant's login. The role and its mark appear together or not at all. */
export const ensureRole = async (
  admin: Client,
  { tenantId, role, password, exists }: { tenantId: string; role: string; password: string; exists: boolean },
): Promise<void> => {
  const login = `${escapeIdentifier(role)} LOGIN PASSWORD ${escapeLiteral(scramVerifier(password))}`;
  await transaction(admin, async () => {
    await admin.query(`${exists ? "ALTER" : "CREATE"} ROLE ${login}`);
    await admin.query(`COMMENT ON ROLE ${escapeIdentifier(role)} IS ${escapeLiteral(ownerMark(tenantId))}`);
    // An admin that is no superuser must be a member of the role to make it the owner of something.
    await admin.query(`GRANT ${escapeIdentifier(role)} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`);
  });
};

/** `CREATE DATABASE` stands in no transaction: each statement may be the first that a crash left out. */
export const ensureDatabase = async (
  admin: Client,
  { name, owner, mark, exists }: { name: string; owner: string; mark: string; exists: boolean },
): Promise<void> => {
  const database = escapeIdentifier(name);
  // From template0: nobody can be connected to it, and so nobody can hold this up.
  if (!exists) await admin.query(`CREATE DATABASE ${database} OWNER ${escapeIdentifier(owner)} TEMPLATE template0`);
  await admin.query(`COMMENT ON DATABASE ${database} IS ${escapeLiteral(ownerMark(mark))}`);
  await admin.query(`REVOKE CONNECT, TEMPORARY ON DATABASE ${database} FROM PUBLIC`);
};

/** Nobody logs in as the role from now on, and who was is gone. */
export const shutOut = async (admin: Client, role: string): Promise<void> => {
  await admin.query(`ALTER ROLE ${escapeIdentifier(role)} NOLOGIN`);
  await admin.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = $1", [role]);
};

/** Said of the group of the tenants once everything below has been done. */
const prepared = "tenantry: prepared 1";

/**
 * Makes a server fit for tenants, once: the roles, and no database open to whoever comes. `more` is done in the same
 * turn, before the server counts as prepared.
 */
export const prepareServer = async (admin: Client, more: () => Promise<void> = async () => {}): Promise<void> => {
  const ready = async (): Promise<boolean> => {
    const { rows } = await admin.query<{ mark: string | null }>(
      "SELECT shobj_description(oid, 'pg_authid') AS mark FROM pg_roles WHERE rolname = $1",
      [roles.tenants],
    );
    return rows[0]?.mark === prepared;
  };
  if (await ready()) return;
  await admin.query("SELECT pg_advisory_lock(hashtextextended('tenantry/server', 0))");
  try {
    if (await ready()) return;
    for (const role of Object.values(roles)) {
      const { rowCount } = await admin.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [role]);
      if (rowCount === 0) await admin.query(`CREATE ROLE ${role} NOLOGIN`);
    }
    await admin.query(`GRANT ${roles.owner}, ${roles.services} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`);
    const open = await admin.query<{ name: string }>(
      "SELECT datname AS name FROM pg_database WHERE pg_get_userbyid(datdba) = current_user",
    );
    for (const { name } of open.rows)
      await admin.query(`REVOKE CONNECT, TEMPORARY ON DATABASE ${escapeIdentifier(name)} FROM PUBLIC`);
    await more();
    await admin.query(`COMMENT ON ROLE ${roles.tenants} IS ${escapeLiteral(prepared)}`);
  } finally {
    await admin.query("SELECT pg_advisory_unlock(hashtextextended('tenantry/server', 0))");
  }
};
