import type { Ready } from "../app.ts";
import { ask, askAll, askJson } from "../aws.ts";
import type { Known } from "../inventory.ts";

const stopServer = async (ready: Ready, { id }: Known): Promise<void> => {
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

const deletePool = async (ready: Ready, { slug }: Known): Promise<void> => {
  const cognito = (action: string, input: object) =>
    askJson(ready, "cognito-idp", `AWSCognitoIdentityProviderService.${action}`, input);
  const pools = await askAll<{ Id: string; Name: string }>(async (NextToken) => {
    const page = await cognito("ListUserPools", { MaxResults: 60, ...(NextToken ? { NextToken } : {}) });
    return { items: page.UserPools, next: page.NextToken };
  });
  const own = pools.find(({ Name }) => Name.endsWith(slug));
  if (own !== undefined) await cognito("DeleteUserPool", { UserPoolId: own.Id });
};

/**
 * A premium tenant that was looked at for the last time goes: its server takes memory, and what it has of its own makes
 * each look at everything take longer.
 */
export const clearAway = async (ready: Ready, tenant: Known): Promise<void> => {
  await stopServer(ready, tenant);
  await deletePool(ready, tenant);
};
