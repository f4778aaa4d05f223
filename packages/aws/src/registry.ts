import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { DeleteCommand, GetCommand, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { Membership } from "@tenantry/core/access/membership";
import type { Registry, Reservation } from "@tenantry/core/ports";
import { Tenant, tenantStatuses } from "@tenantry/core/tenant/tenant";
import { tierNames } from "@tenantry/core/tenant/tier";
import { commitWrites } from "./commit.ts";
import { type Entity, keys, listedIn, membershipPrefix, partitions, withoutKeys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { operationToItem } from "./operation-item.ts";
import { readPage } from "./pages.ts";
import { giveBackWrites, readQuotaUse, takeWrites } from "./quota-writes.ts";
import { transact } from "./transact.ts";

type Item = Record<string, unknown>;

const tenantToItem = (tenant: Tenant) => ({
  ...keys.tenant(tenant.id),
  ...listedIn(partitions.tenants, tenant.id),
  ...listedIn(partitions.tenantsIn(tenant.status, tenant.tier), tenant.id),
  entity: "tenant" satisfies Entity,
  ...tenant,
});

const tenantFromItem = (item: Item): Tenant => Tenant.parse(withoutKeys(item));

const unless = (taken: string) => `attribute_not_exists(${taken})`;

/** The tenant registry in the Control table. */
export const dynamoRegistry = (documents: Documents, table: string): Registry => {
  const get = async (key: Record<string, string>): Promise<Item | undefined> =>
    (await documents.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }))).Item;

  const getTenant = async (id: string): Promise<Tenant | null> => {
    const item = await get(keys.tenant(id));
    return item === undefined ? null : tenantFromItem(item);
  };

  return {
    getTenant,

    async register(tenant, operation, commit, claim = [], request) {
      const reservation = {
        tenant_id: tenant.id,
        operation_id: operation.id,
        ...(request === undefined ? {} : { request }),
      } satisfies Reservation;
      const slug = { ...keys.slug(tenant.slug), entity: "slug", ...reservation };
      const put = (item: Item) => ({
        Put: { TableName: table, Item: item, ConditionExpression: unless("pk") },
      });
      const [failed] = await transact(documents, [
        put(slug),
        put(tenantToItem(tenant)),
        put(operationToItem(operation)),
        ...takeWrites(table, claim),
        ...commitWrites(table, commit),
      ]);
      if (failed === undefined) return "registered";
      if (failed === 0) return "slug-taken";
      if (failed === 3 && claim.length > 0) return "quota-used-up";
      throw new Error(`The registration of ${tenant.id} met an item that was there before.`);
    },

    async findSlug(slug) {
      const item = await get(keys.slug(slug));
      if (item === undefined) return null;
      const { tenant_id, operation_id, request } = item;
      return {
        tenant_id: String(tenant_id),
        operation_id: String(operation_id),
        ...(typeof request === "string" ? { request } : {}),
      };
    },

    async withdraw(tenant, operationId, commit, claim = []) {
      const [failed] = await transact(documents, [
        {
          Delete: {
            TableName: table,
            Key: keys.operation(operationId),
            ConditionExpression: "#status = :pending",
            ExpressionAttributeNames: { "#status": "status" },
            ExpressionAttributeValues: { ":pending": "pending" },
          },
        },
        { Delete: { TableName: table, Key: keys.tenant(tenant.id) } },
        {
          Delete: {
            TableName: table,
            Key: keys.slug(tenant.slug),
            ConditionExpression: "tenant_id = :tenant",
            ExpressionAttributeValues: { ":tenant": tenant.id },
          },
        },
        ...giveBackWrites(table, claim),
        ...commitWrites(table, commit),
      ]);
      if (failed === undefined) return "withdrawn";
      // An operation that is gone was withdrawn by an earlier try whose reply was lost.
      return (await get(keys.operation(operationId))) === undefined ? "withdrawn" : "begun";
    },

    listTenants: ({ status, tier }, page) => {
      const wanted =
        status === undefined && tier === undefined
          ? [partitions.tenants]
          : (status === undefined ? tenantStatuses : [status]).flatMap((one) =>
              (tier === undefined ? tierNames : [tier]).map((other) => partitions.tenantsIn(one, other)),
            );
      return readPage(documents, table, wanted, page, tenantFromItem);
    },

    async moveTenant(id, from, to, at, commit) {
      for (;;) {
        const tenant = await getTenant(id);
        if (tenant === null || !from.includes(tenant.status)) return null;
        const listed = listedIn(partitions.tenantsIn(to, tenant.tier), id);
        const failed = await transact(documents, [
          {
            Update: {
              TableName: table,
              Key: keys.tenant(id),
              UpdateExpression: "SET #status = :to, updated_at = :at, gsi2pk = :gsi2pk, gsi2sk = :gsi2sk",
              ConditionExpression: "#status = :from AND tier = :tier",
              ExpressionAttributeNames: { "#status": "status" },
              ExpressionAttributeValues: {
                ":from": tenant.status,
                ":to": to,
                ":at": at,
                ":tier": tenant.tier,
                ":gsi2pk": listed["gsi2pk"],
                ":gsi2sk": listed["gsi2sk"],
              },
            },
          },
          ...commitWrites(table, commit),
        ]);
        if (failed.length === 0) return { ...tenant, status: to, updated_at: at };
        // The tenant moved between the read and the write: look again. Anything else that failed will not get better.
        if (failed[0] !== 0) throw new Error(`The commit of a change to ${id} met an item that was there before.`);
      }
    },

    async addMembership(membership) {
      const item = {
        ...keys.membership(membership.user_id, membership.tenant_id),
        ...listedIn(partitions.membersOf(membership.tenant_id), membership.user_id),
        entity: "membership",
        ...membership,
      };
      const put = new PutCommand({ TableName: table, Item: item, ConditionExpression: unless("pk") });
      await documents.send(put).catch((error: unknown) => {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      });
    },

    quotaUse: () => readQuotaUse(documents, table),

    async removeMembership(userId, tenantId) {
      await documents.send(new DeleteCommand({ TableName: table, Key: keys.membership(userId, tenantId) }));
    },

    async membersOf(tenantId) {
      const found: string[] = [];
      let ExclusiveStartKey: Record<string, unknown> | undefined;
      do {
        const { index, value } = partitions.membersOf(tenantId);
        const page = await documents.send(
          new QueryCommand({
            TableName: table,
            IndexName: index,
            KeyConditionExpression: `${index}pk = :members`,
            ExpressionAttributeValues: { ":members": value },
            ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }),
          }),
        );
        found.push(...(page.Items ?? []).map((item) => Membership.parse(withoutKeys(item)).user_id));
        ExclusiveStartKey = page.LastEvaluatedKey;
      } while (ExclusiveStartKey !== undefined);
      return found;
    },

    async note(tenantId, status, commit) {
      const [failed] = await transact(documents, [
        {
          ConditionCheck: {
            TableName: table,
            Key: keys.tenant(tenantId),
            ConditionExpression: "#status = :status",
            ExpressionAttributeNames: { "#status": "status" },
            ExpressionAttributeValues: { ":status": status },
          },
        },
        ...commitWrites(table, commit),
      ]);
      if (failed !== undefined && failed !== 0)
        throw new Error(`A note on ${tenantId} met an item that was there before.`);
      return failed === undefined;
    },

    membershipsOf: (userId) => membershipsOf(documents, table, userId),
  };
};

const membershipsOf = async (documents: Documents, table: string, userId: string): Promise<Membership[]> => {
  const { Items = [] } = await documents.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: "pk = :pk AND begins_with(sk, :prefix)",
      ExpressionAttributeValues: { ":pk": keys.user(userId).pk, ":prefix": membershipPrefix },
      ConsistentRead: true,
    }),
  );
  return Items.map((item) => Membership.parse(withoutKeys(item)));
};
