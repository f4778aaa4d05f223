import type { Ready } from "../app.ts";
import { ask } from "../aws.ts";
import type { Known } from "../inventory.ts";

/** A silo that was looked at for the last time keeps its server from using the machine's memory. */
export const shutDown = async (ready: Ready, { id }: Known): Promise<void> => {
  const call = (action: string, input: string): Promise<string> =>
    ask(ready, "rds", "/", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: `Action=${action}&Version=2014-10-31&${input}`,
    });
  const list = await call("DescribeDBClusters", "");
  const suffix = id.toLowerCase().replaceAll("_", "-");
  const [, name] = new RegExp(`<DBClusterIdentifier>([^<]*${suffix})</DBClusterIdentifier>`).exec(list) ?? [];
  if (name === undefined) return;
  await call("DeleteDBInstance", `DBInstanceIdentifier=${name}&SkipFinalSnapshot=true`);
  await call("DeleteDBCluster", `DBClusterIdentifier=${name}&SkipFinalSnapshot=true`);
};
