import type { Issuer } from "@tenantry/core/access/issuer";
import { setting } from "./config.ts";
import { keys } from "./control-table.ts";
import { type RawItem, type TableFetch, tableFetch } from "./table-fetch.ts";

/** Whose client it is; null when it is no tenant's. */
export type FindIssuer = (userPoolId: string, clientId: string) => Promise<Pick<Issuer, "tenant_id"> | null>;

/** Reads issuers. @throws Error when the table does not answer. */
export const issuerReader = (call: TableFetch = tableFetch(), table = setting("CONTROL_TABLE")): FindIssuer => {
  return async (userPoolId, clientId) => {
    const { pk, sk } = keys.issuer(userPoolId, clientId);
    const { Item } = await call<{ Item?: RawItem }>("GetItem", {
      TableName: table,
      Key: { pk: { S: pk }, sk: { S: sk } },
      ConsistentRead: true,
      ProjectionExpression: "tenant_id",
    });
    const tenant = Item?.["tenant_id"]?.S;
    return tenant === undefined ? null : { tenant_id: tenant };
  };
};

const most = 1000;

/** Remembers each answer, also that there is none, for so long and no longer. Failures are not remembered. */
export const cachedIssuers = (find: FindIssuer, millis: number, now: () => number = Date.now): FindIssuer => {
  const known = new Map<string, { readonly until: number; readonly answer: ReturnType<FindIssuer> }>();
  return (userPoolId, clientId) => {
    const name = `${userPoolId} ${clientId}`;
    const entry = known.get(name);
    if (entry !== undefined && entry.until > now()) return entry.answer;
    known.delete(name);
    const answer = find(userPoolId, clientId);
    known.set(name, { until: now() + millis, answer });
    answer.catch(() => known.delete(name));
    if (known.size > most) for (const oldest of known.keys()) return (known.delete(oldest), answer);
    return answer;
  };
};
