import type { ConnectionOptions } from "node:tls";
import { TransientError } from "@tenantry/core/provisioning/errors";
import { Client, DatabaseError } from "pg";
import type { DatabaseCredentials } from "./tenant-secrets.ts";

export type DatabaseServer = {
  readonly host: string;
  readonly port: number;
  /** The secret with the administrator's login. */
  readonly masterArn: string;
  /** The login that may create roles and databases; it need not be a superuser. */
  readonly admin: () => Promise<{ readonly username: string; readonly password: string }>;
  /** The server's certificate is always verified; `ca` adds an authority to those that Node knows. */
  readonly tls?: Pick<ConnectionOptions, "ca">;
};

/**
 * Runs something over one connection and closes it, whatever comes of it.
 *
 * @throws TransientError when the connection was lost, whatever the library that used it then says.
 */
export const connected = async <T>(
  { host, port, tls }: DatabaseServer,
  login: Pick<DatabaseCredentials, "username" | "password" | "dbname">,
  run: (client: Client) => Promise<T>,
): Promise<T> => {
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
  let lost: Error | undefined;
  // Without a listener a connection lost between two queries would end the process.
  client.on("error", (error) => (lost ??= error));
  try {
    await client.connect();
    return await run(client);
  } catch (error) {
    if (lost === undefined) throw error;
    throw new TransientError("The connection to the database was lost.", { cause: lost });
  } finally {
    await client.end().catch(() => undefined);
  }
};

/**
 * Runs something as the server's administrator.
 *
 * @throws TransientError when the password is refused: RDS changes it now and then, and a moment later we read the new one.
 */
export const asAdmin = async <T>(
  server: DatabaseServer,
  dbname: string,
  run: (admin: Client) => Promise<T>,
): Promise<T> => {
  const login = await server.admin();
  let open = false;
  return connected(server, { ...login, dbname }, (admin) => {
    open = true;
    return run(admin);
  }).catch((error: unknown) => {
    if (open || !(error instanceof DatabaseError) || error.code !== invalidPassword) throw error;
    throw new TransientError("The database's administrator was refused; the password may just have been rotated.", {
      cause: error,
    });
  });
};

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const invalidPassword = "28P01";

/** Advisory locks are per database: this one must be taken in `postgres`. Held until the connection ends. */
export const lockTenant = (admin: Client, tenantId: string): Promise<unknown> =>
  admin.query("SELECT pg_advisory_lock(hashtextextended($1, 0))", [`tenantry/${tenantId}`]);

/** All of it or nothing. */
export const transaction = async <T>(client: Client, run: () => Promise<T>): Promise<T> => {
  await client.query("BEGIN");
  try {
    const result = await run();
    await client.query("COMMIT");
    return result;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
};
