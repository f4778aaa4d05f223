import type { Pool, PoolClient, QueryResult } from "pg";

/** A connection during one tenant's transaction. */
export type TenantClient = Pick<PoolClient, "query">;

const tenant = /^ten_[0-9A-HJKMNP-TV-Z]{26}$/;

/** Whatever of a tenant's could outlive the transaction on the connection: a session's setting, held cursors, channels. */
const forget = "RESET app.tenant_id; CLOSE ALL; UNLISTEN *";

/**
 * Runs `work` in one transaction that sees and changes the rows of one tenant and no others, by row level security on
 * `app.tenant_id`. It commits when `work` resolves and rolls back when it rejects.
 *
 * The setting ends with the transaction, whatever `work` does: it is local to it, and a session's setting that `work`
 * makes is reset. A connection in doubt (a broken one, one that could not roll back, one that was cancelled) is closed
 * and never used again. The client refuses queries after the end.
 *
 * @param pool of logins that are members of `tenant_app`
 * @param tenantId `ten_…`, from a verified token: `Caller.tenantId`
 * @param options.signal cancels: the connection is closed, which rolls back, and the promise rejects with its reason
 * @throws TypeError when `tenantId` is no tenant's id; Error when a statement had failed and `work` resolved all the same
 */
export const withTenant = async <T>(
  pool: Pick<Pool, "connect">,
  tenantId: string,
  work: (client: TenantClient) => Promise<T>,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<T> => {
  if (!tenant.test(tenantId)) throw new TypeError("That is no tenant's id.");
  signal?.throwIfAborted();
  const client = await pool.connect();
  const lent = lend(client);
  let released = false;
  const release = (doubt?: Error) => {
    if (!released) client.release(doubt);
    released = true;
  };
  const cancelled = Promise.withResolvers<never>();
  const cancel = () => {
    lent.end();
    release(new Error("The transaction was cancelled."));
    cancelled.reject(signal?.reason);
  };
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    signal?.throwIfAborted();
    return await Promise.race([cancelled.promise, transact(client, tenantId, () => work(lent.client), lent.end)]);
  } catch (error) {
    lent.end();
    // A broken connection cannot roll back; closing it does.
    await Promise.race([client.query(`ROLLBACK; ${forget}`), cancelled.promise]).then(() => release(), release);
    throw error;
  } finally {
    signal?.removeEventListener("abort", cancel);
    release();
  }
};

const transact = async <T>(
  client: PoolClient,
  tenantId: string,
  work: () => Promise<T>,
  end: () => void,
): Promise<T> => {
  // In one round trip: statements that go together take no parameters, so that the id is in the text, as a literal.
  await client.query(`BEGIN; SET LOCAL app.tenant_id = ${client.escapeLiteral(tenantId)}`);
  const result = await work();
  end();
  // Two statements in one text are two results, which the types of pg do not say.
  const [commit] = (await client.query(`COMMIT; ${forget}`)) as unknown as QueryResult[];
  // PostgreSQL answers the COMMIT of a transaction in which a statement failed with ROLLBACK, and with no error.
  if (commit?.command !== "COMMIT") throw new Error("A statement had failed, so the transaction was rolled back.");
  return result;
};

/** A client that can be taken back: whoever kept it finds it closed, and not another tenant's transaction. */
const lend = (client: PoolClient) => {
  let ended = false;
  const query = (...args: Parameters<PoolClient["query"]>) => {
    if (ended) throw new Error("The tenant's transaction is over.");
    return client.query(...args);
  };
  return { client: { query: query as PoolClient["query"] }, end: () => void (ended = true) };
};
