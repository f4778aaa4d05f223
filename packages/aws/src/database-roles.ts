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

/** Roles of tenants and of services begin so, and their twins with as many letters, as names may be full length. */
const [ownPrefix, twinPrefix] = ["tenant_", "login2_"] as const;

/** A rotation makes each login a second role, so that one is current while the other gets a new password. */
export const isTwin = (login: string): boolean => login.startsWith(twinPrefix);
export const twinOf = (login: string): string => {
  const [from, to] = isTwin(login) ? [twinPrefix, ownPrefix] : [ownPrefix, twinPrefix];
  return login.startsWith(from) ? `${to}${login.slice(from.length)}` : `${to}${login}`;
};
/** Of the two roles of a login the one that owns what is made. */
export const ownerOf = (login: string): string => (isTwin(login) ? twinOf(login) : login);

/** What the comments on a tenant's role and database say; they tell whose these are. */
export const ownerMark = (tenantId: string): string => `tenantry: ${tenantId}`;
/** Whose a role is by its comment; null when it is nobody's of ours. */
export const tenantIn = (mark: string | null | undefined): string | null =>
  /^tenantry: (.+)$/.exec(mark ?? "")?.[1] ?? null;

/** The comment on a role; null when it has none, undefined when there is no such role. */
export const markOf = async (client: Client, role: string): Promise<string | null | undefined> => {
  const { rows } = await client.query<{ mark: string | null }>(
    "SELECT shobj_description(oid, 'pg_authid') AS mark FROM pg_roles WHERE rolname = $1",
    [role],
  );
  return rows[0]?.mark;
};

type Wanted = { readonly tenantId: string; readonly role: string; readonly name?: string };

/**
 * What there is of the tenant's. A database may have lost its mark to a crash; its owner tells whose it is all the same.
 * `"other"` is somebody else's.
 */
export const look = async (admin: Client, { tenantId, role, name }: Wanted) => {
  const databases = await admin.query<{ owner: string }>(
    "SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = $1",
    [name ?? ""],
  );
  const [mark, owner] = [await markOf(admin, role), databases.rows[0]?.owner];
  const mine = mark === ownerMark(tenantId);
  return {
    role: mark === undefined ? ("none" as const) : mine ? ("mine" as const) : ("other" as const),
    database: owner === undefined ? ("none" as const) : owner === role ? ("mine" as const) : ("other" as const),
  };
};

export const taken = (what: string): ProvisioningError =>
  new ProvisioningError("NameTaken", `The ${what} exists on the database server and is not this tenant's.`);

type Credentials = { readonly username: string; readonly password: string };

/**
 * The tenant's login by its credentials, which are its twin's after a rotation. A role and its mark appear together or
 * not at all.
 */
export const ensureLogin = async (
  admin: Client,
  {
    tenantId,
    role,
    credentials,
    exists,
  }: { tenantId: string; role: string; credentials: Credentials; exists: boolean },
): Promise<void> => {
  const name = escapeIdentifier(role);
  const mark = ownerMark(tenantId);
  const { username, password } = credentials;
  const verifier = username === role ? ` PASSWORD ${escapeLiteral(scramVerifier(password))}` : "";
  await transaction(admin, async () => {
    await admin.query(`${exists ? "ALTER" : "CREATE"} ROLE ${name} LOGIN${verifier}`);
    await admin.query(`COMMENT ON ROLE ${name} IS ${escapeLiteral(mark)}`);
    // An admin that is no superuser must be a member of the role to make it the owner of something.
    await admin.query(`GRANT ${name} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`);
  });
  if (username !== role) await ensureTwin(admin, { role, mark, password });
};

/** The second login of a role. Who comes by it is that role from the start, so whatever it makes belongs to the role. */
export const ensureTwin = async (
  admin: Client,
  { role, mark, password }: { role: string; mark: string; password: string },
): Promise<void> => {
  const name = twinOf(role);
  const [twin, own] = [escapeIdentifier(name), escapeIdentifier(role)];
  const found = await markOf(admin, name);
  if (found !== undefined && found !== mark) throw taken(`role ${name}`);
  const verb = found === undefined ? "CREATE" : "ALTER";
  await transaction(admin, async () => {
    await admin.query(`${verb} ROLE ${twin} LOGIN PASSWORD ${escapeLiteral(scramVerifier(password))}`);
    await admin.query(`COMMENT ON ROLE ${twin} IS ${escapeLiteral(mark)}`);
    await admin.query(`GRANT ${twin} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE`);
    await admin.query(`GRANT ${own} TO ${twin} WITH INHERIT TRUE, SET TRUE`);
    await admin.query(`ALTER ROLE ${twin} SET role = ${escapeLiteral(role)}`);
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

/** The role and, if it has one, its twin: what a release takes away. The twin comes first, as it is a member. */
export const loginsOf = async (admin: Client, role: string): Promise<string[]> => {
  const mark = await markOf(admin, role);
  const twin = twinOf(role);
  return (await markOf(admin, twin)) === mark && mark !== undefined ? [twin, role] : [role];
};

/** Nobody logs in as one of the roles from now on, and who was is gone. */
export const shutOut = async (admin: Client, logins: readonly string[]): Promise<void> => {
  for (const login of logins) await admin.query(`ALTER ROLE ${escapeIdentifier(login)} NOLOGIN`);
  await admin.query("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = ANY($1)", [logins]);
};

export const dropLogins = async (admin: Client, logins: readonly string[]): Promise<void> => {
  for (const login of logins) await admin.query(`DROP ROLE IF EXISTS ${escapeIdentifier(login)}`);
};

/** Said of a role once what it stands for has been prepared; a new number has it prepared again. */
const prepared = "tenantry server: prepared 2";

/**
 * Prepares something of a server once, whoever else is about to: what has been done is written as the comment of a role
 * that it begins with.
 */
const once = async (admin: Client, role: string, prepare: () => Promise<void>): Promise<void> => {
  if ((await markOf(admin, role)) === prepared) return;
  await admin.query("SELECT pg_advisory_lock(hashtextextended('tenantry/server', 0))");
  try {
    if ((await markOf(admin, role)) === prepared) return;
    await prepare();
    await admin.query(`COMMENT ON ROLE ${role} IS ${escapeLiteral(prepared)}`);
  } finally {
    await admin.query("SELECT pg_advisory_unlock(hashtextextended('tenantry/server', 0))");
  }
};

/** Makes a server fit for tenants: the roles, and no database open to whoever comes. */
export const prepareServer = (admin: Client): Promise<void> =>
  once(admin, roles.tenants, async () => {
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
  });

/** The same for the shared database on a server that is prepared: its first tenants may have had their own. */
export const prepareShared = (admin: Client, prepare: () => Promise<void>): Promise<void> =>
  once(admin, roles.owner, prepare);
