import type { Impersonating, Known } from "@tenantry/core/access/admission";
import { membershipStatuses } from "@tenantry/core/access/membership-status";
import { platformOrg } from "@tenantry/core/access/policy";
import type { TenantStatus } from "@tenantry/core/tenant/tenant";
import { setting } from "./config.ts";
import { keys } from "./control-table.ts";
import { usageKeyIn } from "./usage-key-in.ts";
import { type RawItem, type TableFetch, tableFetch, TableRefusal } from "./table-fetch.ts";

export type Bearing = {
  readonly sub: string;
  readonly org_id: string;
  readonly sid: string;
  readonly auth_time: number;
  readonly impersonation?: Impersonating & { readonly reason: string; readonly ends_at: string };
};

/** Where a request came from, for the user to recognise the session by. */
export type Origin = { readonly sourceIp: string; readonly userAgent: string };

/** What the authorizer asks of the registry, and what it writes there. */
export interface AccessFacts {
  /** As of now, by one consistent read. @throws Error when the table does not answer in full. */
  read(bearing: Bearing): Promise<Known & { readonly usageKey?: string }>;
  /** Notes a request of the session, unless it was ended or somebody noted one since `before`. */
  note(bearing: Bearing, origin: Origin, now: number, before: number): Promise<void>;
}

/** Longer than any refresh token lives, so that what was ended cannot be forgotten before it is dead. */
const keptSeconds = 45 * 24 * 3600;

const attempts = 3;

const projection = {
  ProjectionExpression:
    "pk, sk, #status, #at, epoch, access_epoch, last_seen_at, ended_at, ends_at, tenant_id, user_id, impersonator, #resources.#identity.usage_key_id",
  ExpressionAttributeNames: { "#status": "status", "#at": "at", "#resources": "resources", "#identity": "identity" },
};

type Key = { readonly pk: string; readonly sk: string };
const raw = ({ pk, sk }: Key) => ({ pk: { S: pk }, sk: { S: sk } });

/** A number that is absent is 0; one that is none is NaN, which is equal to no epoch. */
const numberIn = (item: RawItem, name: string): number => Number(item[name]?.N ?? 0);

const statusIn = (item: RawItem) =>
  membershipStatuses.find((status) => status === (item["status"]?.S ?? "active")) ?? "disabled";

const impersonationIn = (item: RawItem | undefined): Known["impersonation"] =>
  item === undefined
    ? null
    : {
        by: item["impersonator"]?.M?.["id"]?.S ?? "",
        user_id: item["user_id"]?.S ?? "",
        tenant_id: item["tenant_id"]?.S ?? "",
        endsAt: item["ends_at"]?.S ?? "",
        ended: item["ended_at"]?.S !== undefined,
      };

export const accessFacts = (call: TableFetch = tableFetch(), table = setting("CONTROL_TABLE")): AccessFacts => {
  /** @throws Error when not every item could be read: a missing one would say that there is none. */
  const readAll = async (wanted: readonly Key[]): Promise<(key: Key) => RawItem | undefined> => {
    const found: RawItem[] = [];
    let keysLeft: object[] = wanted.map(raw);
    for (let attempt = 0; attempt < attempts && keysLeft.length > 0; attempt++) {
      const answer = await call<{
        Responses?: Record<string, RawItem[]>;
        UnprocessedKeys?: Record<string, { Keys?: object[] }>;
      }>("BatchGetItem", { RequestItems: { [table]: { Keys: keysLeft, ConsistentRead: true, ...projection } } });
      found.push(...(answer.Responses?.[table] ?? []));
      keysLeft = answer.UnprocessedKeys?.[table]?.Keys ?? [];
    }
    if (keysLeft.length > 0) throw new Error("The table did not read all items.");
    return ({ pk, sk }) => found.find((item) => item["pk"]?.S === pk && item["sk"]?.S === sk);
  };

  return {
    async read({ sub, org_id, sid, impersonation }) {
      const session = keys.session(sub, sid);
      const signOut = keys.signOut(sub);
      const membership = keys.membership(impersonation?.user_id ?? sub, org_id);
      const tenant = keys.tenant(org_id);
      const inTenant = org_id !== "" && org_id !== platformOrg;
      const acting = impersonation === undefined ? [] : [keys.impersonation(impersonation.id)];
      const item = await readAll([session, signOut, ...(inTenant ? [membership, tenant] : []), ...acting]);
      const [seen, out, member, org] = [item(session), item(signOut), item(membership), item(tenant)];
      return {
        session:
          seen === undefined
            ? null
            : { lastSeenAt: seen["last_seen_at"]?.S ?? "", ended: seen["ended_at"] !== undefined },
        signedOutAt: out === undefined ? null : numberIn(out, "at"),
        membership: member === undefined ? null : { status: statusIn(member), epoch: numberIn(member, "epoch") },
        tenant:
          org === undefined
            ? null
            : { status: (org["status"]?.S ?? "") as TenantStatus, epoch: numberIn(org, "access_epoch") },
        ...usageKeyIn(org_id, org),
        ...(acting[0] !== undefined && { impersonation: impersonationIn(item(acting[0])) }),
      };
    },

    async note({ sub, org_id, sid, auth_time, impersonation }, { sourceIp, userAgent }, now, before) {
      const text = (S: string) => ({ S });
      const began = new Date(auth_time * 1000).toISOString();
      const acting = impersonation && {
        impersonation_id: text(impersonation.id),
        user_id: text(impersonation.user_id),
        reason: text(impersonation.reason),
        ends_at: text(impersonation.ends_at),
      };
      await call("UpdateItem", {
        TableName: table,
        Key: raw(keys.session(sub, sid)),
        UpdateExpression:
          "SET last_seen_at = :now, org_id = :org, source_ip = :ip, user_agent = :agent, entity = :entity, user_id = :user, id = :id, started_at = :began, expires_at = :expires, impersonation = :acting",
        ConditionExpression:
          "attribute_not_exists(ended_at) AND (attribute_not_exists(last_seen_at) OR last_seen_at <= :before)",
        ExpressionAttributeValues: {
          ":now": text(new Date(now).toISOString()),
          ":before": text(new Date(before).toISOString()),
          ":org": text(org_id),
          ":ip": text(sourceIp),
          ":agent": text(userAgent),
          ":entity": text("session"),
          ":user": text(sub),
          ":id": text(sid),
          ":began": text(began),
          ":acting": acting === undefined ? { NULL: true } : { M: acting },
          ":expires": { N: String(auth_time + keptSeconds) },
        },
      }).catch((error: unknown) => {
        // Somebody else noted a request, or ended the session: the next look at it says which.
        if (!(error instanceof TableRefusal && error.code === "ConditionalCheckFailedException")) throw error;
      });
    },
  };
};
