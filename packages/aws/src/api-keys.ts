import { createHash, randomBytes } from "node:crypto";
import { GetCommand } from "@aws-sdk/lib-dynamodb";
import { ApiKey, type ApiKeys, type NewSecret, type ShownKey } from "@tenantry/core/key/api-key";
import { commitWrites } from "./commit.ts";
import { type Entity, keys, listedIn, partitions, withoutKeys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { readPage } from "./pages.ts";
import { transact, type Write } from "./transact.ts";

/** 256 random bits need no slow hash: nobody guesses them. */
export const newSecret: NewSecret = () => {
  const secret = randomBytes(32).toString("base64url");
  return { secret, hash: createHash("sha256").update(secret).digest("hex") };
};

const keyFromItem = (item: Record<string, unknown>): ShownKey => {
  const { secret_hash: _hash, last_used_at: used, ...key } = withoutKeys(item);
  return { ...ApiKey.parse(key), last_used_at: typeof used === "string" ? used : null };
};

/** API keys in the Control table. */
export const dynamoApiKeys = (documents: Documents, table: string): ApiKeys => {
  const put = (key: ApiKey, hash: string): Write => ({
    Put: {
      TableName: table,
      Item: {
        ...keys.apiKey(key.id),
        ...listedIn(partitions.apiKeysOf(key.tenant_id), key.id),
        entity: "api-key" satisfies Entity,
        ...key,
        secret_hash: hash,
      },
      ConditionExpression: "attribute_not_exists(pk)",
    },
  });
  const end = (key: ApiKey, expression: string, values: Record<string, unknown>): Write => ({
    Update: {
      TableName: table,
      Key: keys.apiKey(key.id),
      UpdateExpression: expression,
      ConditionExpression: "revoked_at = :none AND replaced_by = :was AND tenant_id = :tenant",
      ExpressionAttributeValues: { ...values, ":none": null, ":was": key.replaced_by, ":tenant": key.tenant_id },
    },
  });
  const write = async (writes: Write[]): Promise<boolean> => {
    const failed = await transact(documents, writes);
    if (failed.some((at) => at > 0)) throw new Error("An API key met an item that was there before.");
    return failed.length === 0;
  };

  return {
    async get(tenantId, id) {
      const { Item } = await documents.send(
        new GetCommand({ TableName: table, Key: keys.apiKey(id), ConsistentRead: true }),
      );
      return Item === undefined || Item["tenant_id"] !== tenantId ? null : keyFromItem(Item);
    },
    list: (tenantId, page) => readPage(documents, table, [partitions.apiKeysOf(tenantId)], page, keyFromItem),
    async create(key, hash, commit) {
      if (!(await write([put(key, hash), ...commitWrites(table, commit)])))
        throw new Error(`The key ${key.id} was there before.`);
    },
    revoke: (key, at, commit) =>
      write([end(key, "SET revoked_at = :at", { ":at": at }), ...commitWrites(table, commit)]),
    renew: (key, hash, commit) =>
      write([end(key, "SET secret_hash = :hash", { ":hash": hash }), ...commitWrites(table, commit)]),
    replace: (old, endsAt, key, hash, commit) =>
      write([
        end(old, "SET ends_at = :ends, replaced_by = :by", { ":ends": endsAt, ":by": key.id }),
        put(key, hash),
        ...commitWrites(table, commit),
      ]),
  };
};
