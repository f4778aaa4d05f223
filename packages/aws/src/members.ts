import { GetCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { Membership, statusOf } from "@tenantry/core/access/membership";
import type { Members } from "@tenantry/core/user/ports";
import { isOwner } from "@tenantry/core/user/user";
import { commitWrites } from "./commit.ts";
import { type Entity, keys, listedIn, membershipPrefix, partitions, withoutKeys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { queryAll } from "./query-all.ts";
import { transact, type Write } from "./transact.ts";

const membershipFromItem = (item: Record<string, unknown>): Membership => Membership.parse(withoutKeys(item));

export const membershipToItem = (membership: Membership) => ({
  ...keys.membership(membership.user_id, membership.tenant_id),
  ...listedIn(partitions.membersOf(membership.tenant_id), membership.user_id),
  entity: "membership" satisfies Entity,
  ...membership,
});

/** That a membership is as it was read: each of its changes makes another epoch, and a new one is another too. */
const unchanged = ({ epoch, created_at }: Membership) => ({
  ConditionExpression: `created_at = :created AND ${epoch === undefined ? "attribute_not_exists(epoch)" : "epoch = :was"}`,
  ExpressionAttributeValues: { ":created": created_at, ...(epoch === undefined ? {} : { ":was": epoch }) },
});

/** Members of tenants in the Control table. */
export const dynamoMembers = (documents: Documents, table: string): Members => {
  const all = async (tenantId: string): Promise<Membership[]> => {
    const { index, value } = partitions.membersOf(tenantId);
    const items = await queryAll(documents, {
      TableName: table,
      IndexName: index,
      KeyConditionExpression: `${index}pk = :members`,
      ExpressionAttributeValues: { ":members": value },
    });
    return items.map(membershipFromItem);
  };
  const write = async (writes: Write[], what: string): Promise<boolean> => {
    const failed = await transact(documents, writes);
    if (failed.some((at) => at > 1)) throw new Error(`The change of ${what} met an item of its audit.`);
    return failed.length === 0;
  };

  return {
    async get(tenantId, userId) {
      const { Item } = await documents.send(
        new GetCommand({ TableName: table, Key: keys.membership(userId, tenantId), ConsistentRead: true }),
      );
      return Item === undefined ? null : membershipFromItem(Item);
    },

    async list(tenantId, { limit, after }) {
      const { index, value } = partitions.membersOf(tenantId);
      const { Items = [] } = await documents.send(
        new QueryCommand({
          TableName: table,
          IndexName: index,
          KeyConditionExpression: `${index}pk = :members AND ${index}sk > :after`,
          // Nothing sorts before a space that an id could be.
          ExpressionAttributeValues: { ":members": value, ":after": after ?? " " },
          Limit: limit + 1,
        }),
      );
      const items = Items.slice(0, limit).map(membershipFromItem);
      return { items, next: Items.length > limit ? (items.at(-1)?.user_id ?? null) : null };
    },

    ownersOf: async (tenantId) => (await all(tenantId)).filter(isOwner),

    async invitationsOf(userId) {
      const items = await queryAll(documents, {
        TableName: table,
        KeyConditionExpression: "pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues: { ":pk": keys.user(userId).pk, ":prefix": membershipPrefix },
        ConsistentRead: true,
      });
      return items.map(membershipFromItem).filter((one) => statusOf(one) === "invited");
    },

    async invite(invitation, before, commit) {
      const condition = before === null ? { ConditionExpression: "attribute_not_exists(pk)" } : unchanged(before);
      const put = { Put: { TableName: table, Item: membershipToItem(invitation), ...condition } };
      const failed = await transact(documents, [put, ...commitWrites(table, commit)]);
      if (failed.some((at) => at > 0)) throw new Error("An invitation met an item of its audit.");
      return failed.length === 0;
    },

    async change(before, to, witness, commit) {
      const whose = { TableName: table, Key: keys.membership(before.user_id, before.tenant_id) };
      const same = unchanged(before);
      const change: Write =
        to === null
          ? { Delete: { ...whose, ...same } }
          : {
              Update: {
                ...whose,
                ConditionExpression: same.ConditionExpression,
                UpdateExpression: "SET #roles = :roles, #status = :status, epoch = :epoch",
                ExpressionAttributeNames: { "#roles": "roles", "#status": "status" },
                ExpressionAttributeValues: {
                  ...same.ExpressionAttributeValues,
                  ":roles": to.roles,
                  ":status": to.status,
                  ":epoch": to.epoch,
                },
              },
            };
      const vouched: Write[] =
        witness === null
          ? []
          : [
              {
                ConditionCheck: {
                  TableName: table,
                  Key: keys.membership(witness.user_id, witness.tenant_id),
                  ...unchanged(witness),
                },
              },
            ];
      return write([change, ...vouched, ...commitWrites(table, commit)], before.user_id);
    },
  };
};
