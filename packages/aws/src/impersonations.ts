import { GetCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { impersonationIssuer } from "@tenantry/core/access/impersonation";
import { Impersonation, type Impersonations } from "@tenantry/core/impersonation/impersonation";
import { commitWrites } from "./commit.ts";
import { type Entity, keys, listedIn, partitions, withoutKeys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { transact } from "./transact.ts";

/** Listed for so long; the audit trail keeps them. */
const keptSeconds = 45 * 24 * 3600;

const fromItem = (item: Record<string, unknown>): Impersonation => Impersonation.parse(withoutKeys(item));

/**
 * Impersonations in the Control table.
 *
 * @param client the client for their sign-ins. The pool's trigger cannot be given its id, as the client is of the pool that
 *   has the trigger: so each start registers it, as the clients of tenants are.
 */
export const dynamoImpersonations = (
  documents: Documents,
  table: string,
  client: () => { readonly userPoolId: string; readonly clientId: string },
): Impersonations => ({
  async start(impersonation, commit) {
    const { id, tenant_id, impersonator, ends_at } = impersonation;
    const expires_at = Math.floor(Date.parse(ends_at) / 1000) + keptSeconds;
    const { userPoolId, clientId } = client();
    const put = (entity: Entity, item: Record<string, unknown>) => ({
      Put: { TableName: table, Item: { entity, ...item } },
    });
    const failed = await transact(documents, [
      put("impersonation", {
        ...keys.impersonation(id),
        ...listedIn(partitions.impersonationsOf(tenant_id), id),
        ...impersonation,
        expires_at,
      }),
      put("impersonating", { ...keys.impersonating(impersonator.id), impersonation_id: id, expires_at }),
      put("issuer", {
        ...keys.issuer(userPoolId, clientId),
        user_pool_id: userPoolId,
        client_id: clientId,
        tenant_id: impersonationIssuer,
      }),
      ...commitWrites(table, commit),
    ]);
    if (failed.length > 0) throw new Error(`The impersonation ${id} met an item of its audit.`);
  },

  async get(id) {
    const { Item } = await documents.send(
      new GetCommand({ TableName: table, Key: keys.impersonation(id), ConsistentRead: true }),
    );
    return Item === undefined ? null : fromItem(Item);
  },

  async list(tenantId, { limit, after }) {
    const { index, value } = partitions.impersonationsOf(tenantId);
    const { Items = [] } = await documents.send(
      new QueryCommand({
        TableName: table,
        IndexName: index,
        KeyConditionExpression: `${index}pk = :of AND ${index}sk < :after`,
        // Nothing sorts after a tilde that an id could be.
        ExpressionAttributeValues: { ":of": value, ":after": after ?? "~" },
        ScanIndexForward: false,
        Limit: limit + 1,
      }),
    );
    const items = Items.slice(0, limit).map(fromItem);
    return { items, next: Items.length > limit ? (items.at(-1)?.id ?? null) : null };
  },

  async end(id, at, commit) {
    const [failed] = await transact(documents, [
      {
        Update: {
          TableName: table,
          Key: keys.impersonation(id),
          UpdateExpression: "SET ended_at = :at",
          ConditionExpression: "attribute_exists(pk) AND ended_at = :none",
          ExpressionAttributeValues: { ":at": at, ":none": null },
        },
      },
      ...commitWrites(table, commit),
    ]);
    if (failed !== undefined && failed !== 0) throw new Error(`The end of ${id} met an item of its audit.`);
    return failed === undefined;
  },
});
