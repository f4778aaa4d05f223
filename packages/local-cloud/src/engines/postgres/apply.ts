import { escapeIdentifier as name, escapeLiteral as text } from "pg";
import { type Graph, ofType } from "../../deploy/graph.ts";

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

type Wanted = { readonly user: string; readonly password: string; readonly database: string | null };

const wanted = (graph: Graph): Wanted[] => {
  const clusters = ofType(graph, "aws:rds/cluster:Cluster").map(({ inputs }) => ({
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

/**
 * Makes the master users and first databases of the graph's clusters real, all on the one server. A master user is what
 * RDS makes of it: it creates databases and roles, and is no superuser.
 */
export const applyDatabases = async (graph: Graph, sql: Sql): Promise<void> => {
  const has = async (query: string, value: string): Promise<boolean> => (await sql(query, [value])).rows.length > 0;
  const role = (value: string): Promise<boolean> => has("SELECT 1 FROM pg_roles WHERE rolname = $1", value);
  if (!(await role("rds_superuser"))) {
    await sql("CREATE ROLE rds_superuser NOLOGIN");
    await sql("GRANT pg_monitor, pg_signal_backend, pg_checkpoint TO rds_superuser WITH ADMIN OPTION");
  }
  for (const { user, password, database } of wanted(graph)) {
    if (password === "") throw new Error(`The database's master user ${user} has no password in the stack.`);
    const verb = (await role(user)) ? "ALTER" : "CREATE";
    await sql(`${verb} ROLE ${name(user)} LOGIN CREATEDB CREATEROLE PASSWORD ${text(password)}`);
    await sql(`GRANT rds_superuser TO ${name(user)}`);
    for (const one of new Set(["postgres", ...(database === null ? [] : [database])])) {
      const there = await has("SELECT 1 FROM pg_database WHERE datname = $1", one);
      await sql(
        there
          ? `ALTER DATABASE ${name(one)} OWNER TO ${name(user)}`
          : `CREATE DATABASE ${name(one)} OWNER ${name(user)}`,
      );
    }
  }
};
