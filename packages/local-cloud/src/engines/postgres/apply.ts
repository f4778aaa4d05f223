import { escapeIdentifier as name, escapeLiteral as text } from "pg";
import { type Graph, ofType } from "../../deploy/graph.ts";
import { masterSecretOf } from "../../services/rds-passwords.ts";

export const clusterTypes = [
  "aws:rds/cluster:Cluster",
  "aws:rds/clusterInstance:ClusterInstance",
  "aws:rds/clusterParameterGroup:ClusterParameterGroup",
  "aws:rds/instance:Instance",
  "aws:rds/parameterGroup:ParameterGroup",
  "aws:rds/subnetGroup:SubnetGroup",
];

/** What the superuser may say. */
export type Sql = (text: string, values?: readonly unknown[]) => Promise<{ rows: Record<string, unknown>[] }>;

export type Master = { readonly user: string; readonly password: string; readonly database: string | null };

const clustersIn = (graph: Graph) => ofType(graph, "aws:rds/cluster:Cluster");

/** The clusters of the stack whose password RDS manages, each with the secret that it is in. */
export const managedIn = (graph: Graph) =>
  clustersIn(graph).flatMap((cluster) => {
    const secret = masterSecretOf(cluster);
    return secret === undefined ? [] : [{ cluster, secret }];
  });

const wanted = (graph: Graph): Master[] => {
  const clusters = clustersIn(graph)
    .filter((cluster) => masterSecretOf(cluster) === undefined)
    .map(({ inputs }) => ({
      user: String(inputs["masterUsername"] ?? "postgres"),
      password: String(inputs["masterPassword"] ?? ""),
      database: typeof inputs["databaseName"] === "string" ? inputs["databaseName"] : null,
    }));
  const instances = ofType(graph, "aws:rds/instance:Instance").map(({ inputs }) => ({
    user: String(inputs["username"] ?? "postgres"),
    password: String(inputs["password"] ?? ""),
    database: typeof inputs["dbName"] === "string" ? inputs["dbName"] : null,
  }));
  return [...clusters, ...instances];
};

/** What a master user is on RDS: it creates databases and roles, and is no superuser. The password may be set again. */
export const ensureMaster = async (sql: Sql, { user, password, database }: Master): Promise<void> => {
  const has = async (query: string, value: string): Promise<boolean> => (await sql(query, [value])).rows.length > 0;
  const role = (value: string): Promise<boolean> => has("SELECT 1 FROM pg_roles WHERE rolname = $1", value);
  if (!(await role("rds_superuser"))) {
    await sql("CREATE ROLE rds_superuser NOLOGIN");
    await sql("GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO rds_superuser WITH ADMIN OPTION");
  }
  const verb = (await role(user)) ? "ALTER" : "CREATE";
  await sql(`${verb} ROLE ${name(user)} LOGIN CREATEDB CREATEROLE PASSWORD ${text(password)}`);
  await sql(`GRANT rds_superuser TO ${name(user)}`);
  for (const one of new Set(["postgres", "template1", ...(database === null ? [] : [database])])) {
    const there = await has("SELECT 1 FROM pg_database WHERE datname = $1", one);
    await sql(
      there ? `ALTER DATABASE ${name(one)} OWNER TO ${name(user)}` : `CREATE DATABASE ${name(one)} OWNER ${name(user)}`,
    );
  }
};

/**
 * Makes the master users and first databases of the graph's clusters real, all on the one server; but for those whose
 * password RDS manages.
 */
export const applyDatabases = async (graph: Graph, sql: Sql): Promise<void> => {
  for (const one of wanted(graph)) {
    if (one.password === "") throw new Error(`The database's master user ${one.user} has no password in the stack.`);
    await ensureMaster(sql, one);
  }
};
