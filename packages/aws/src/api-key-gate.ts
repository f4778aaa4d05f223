import { createHash, timingSafeEqual } from "node:crypto";
import { activityMillis, admits } from "@tenantry/core/access/admission";
import { keyScopes } from "@tenantry/core/access/key-scopes";
import { permissionClaim } from "@tenantry/core/access/permission-claim";
import type { TenantStatus } from "@tenantry/core/tenant/tenant";
import type { Origin } from "./access-facts.ts";
import { setting } from "./config.ts";
import { keys } from "./control-table.ts";
import { type RawItem, type TableFetch, tableFetch, TableRefusal } from "./table-fetch.ts";
import { KeysUnavailable } from "./pool-keys.ts";
import { usageKeyIn } from "./usage-key-in.ts";

/** Who bears a key: the key itself. */
export type KeyBearer = {
  readonly sub: string;
  readonly email: string;
  readonly org_id: string;
  readonly permissions: string;
  /** A key has no session. */
  readonly sid: "";
  readonly barred?: string;
  /** What the gateway counts its requests under, if the tenant has a key of its own. */
  readonly usageKey?: string;
};

/** What is asked of the registry about keys, and written there. */
export interface ApiKeyFacts {
  read(id: string): Promise<RawItem | undefined>;
  tenant(id: string): Promise<RawItem | undefined>;
  /** Notes a use, unless somebody noted one since `before`. */
  note(id: string, now: number, before: number): Promise<void>;
}

const raw = ({ pk, sk }: { pk: string; sk: string }) => ({ pk: { S: pk }, sk: { S: sk } });

export const apiKeyFacts = (call: TableFetch = tableFetch(), table = setting("CONTROL_TABLE")): ApiKeyFacts => {
  const get = async (key: { pk: string; sk: string }): Promise<RawItem | undefined> =>
    (await call<{ Item?: RawItem }>("GetItem", { TableName: table, Key: raw(key), ConsistentRead: true })).Item;
  return {
    read: (id) => get(keys.apiKey(id)),
    tenant: (id) => get(keys.tenant(id)),
    async note(id, now, before) {
      await call("UpdateItem", {
        TableName: table,
        Key: raw(keys.apiKey(id)),
        UpdateExpression: "SET last_used_at = :now",
        ConditionExpression: "attribute_exists(pk) AND (attribute_not_exists(last_used_at) OR last_used_at <= :before)",
        ExpressionAttributeValues: {
          ":now": { S: new Date(now).toISOString() },
          ":before": { S: new Date(before).toISOString() },
        },
      }).catch((error: unknown) => {
        if (!(error instanceof TableRefusal && error.code === "ConditionalCheckFailedException")) throw error;
      });
    },
  };
};

const shape = /^tk_([0-9A-HJKMNP-TV-Z]{26})_([\w-]{43})$/;

const kept = 1000;

/**
 * Lets the bearers of tenants' keys in, as the registry knows the key at this moment, or did a few seconds ago.
 *
 * @throws Error that says why, and never contains the key; `KeysUnavailable` when that could not be found out.
 */
export const apiKeyGate = (
  facts: ApiKeyFacts,
  { keptMillis, now = Date.now }: { readonly keptMillis: number; readonly now?: () => number },
): ((text: string) => Promise<KeyBearer>) => {
  const known = new Map<string, { readonly until: number; readonly bearer: KeyBearer }>();
  const asked = async <T>(question: Promise<T>): Promise<T> =>
    question.catch((cause: unknown) => {
      throw new KeysUnavailable("The key cannot be looked up.", { cause });
    });

  const judge = async (text: string): Promise<KeyBearer> => {
    const [, ulid, secret = ""] = shape.exec(text) ?? [];
    if (ulid === undefined) throw new Error("It is no key of ours.");
    const id = `key_${ulid}`;
    const item = await asked(facts.read(id));
    const hash = Buffer.from(item?.["secret_hash"]?.S ?? "");
    const given = Buffer.from(createHash("sha256").update(secret).digest("hex"));
    if (item === undefined || hash.byteLength !== given.byteLength || !timingSafeEqual(hash, given))
      throw new Error("There is no such key.");
    if (item["revoked_at"]?.S !== undefined) throw new Error(`The key ${id} was revoked.`);
    const ends = item["ends_at"]?.S;
    if (ends !== undefined && !(Date.parse(ends) > now())) throw new Error(`The key ${id} has ended.`);
    const tenantId = item["tenant_id"]?.S ?? "";
    const tenant = await asked(facts.tenant(tenantId));
    const status = tenant?.["status"]?.S;
    const used = Date.parse(item["last_used_at"]?.S ?? "");
    if (!(now() - used < activityMillis)) await asked(facts.note(id, now(), now() - activityMillis));
    const scopes = new Set(item["scopes"]?.L?.map(({ S }) => S));
    const bearer = {
      sub: id,
      email: "",
      org_id: tenantId,
      permissions: permissionClaim(keyScopes.filter((one) => scopes.has(one))),
      sid: "",
      ...usageKeyIn(tenantId, tenant),
    } as const;
    return status !== undefined && admits(status as TenantStatus)
      ? bearer
      : { ...bearer, barred: `the organisation is ${status ?? "gone"}` };
  };

  return async (text) => {
    const before = known.get(text);
    if (before !== undefined && before.until > now()) return before.bearer;
    known.delete(text);
    const until = now() + keptMillis;
    const bearer = await judge(text);
    known.set(text, { until, bearer });
    if (known.size > kept) for (const oldest of known.keys()) return (known.delete(oldest), bearer);
    return bearer;
  };
};

/** Keys by their prefix, anything else as a token. */
export const keysOr =
  <B>(ofKey: (text: string) => Promise<KeyBearer>, ofToken: (text: string, origin: Origin) => Promise<B>) =>
  (text: string, origin: Origin): Promise<KeyBearer | B> =>
    text.startsWith("tk_") ? ofKey(text) : ofToken(text, origin);
