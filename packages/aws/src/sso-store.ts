import { GetCommand } from "@aws-sdk/lib-dynamodb";
import { Issuer } from "@tenantry/core/access/issuer";
import type { SsoStore } from "@tenantry/core/sso/ports";
import { commitWrites } from "./commit.ts";
import { keys, withoutKeys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { membershipToItem } from "./members.ts";
import { transact, type Write } from "./transact.ts";

/** Tenants' single sign-on in the Control table: an attribute of the issuer that their app client is. */
export const dynamoSso = (documents: Documents, table: string): SsoStore => {
  const write = async (writes: readonly Write[], deciding: number): Promise<boolean> => {
    const failed = await transact(documents, writes);
    if (failed.some((at) => at >= deciding)) throw new Error("A change of single sign-on met an item of its audit.");
    return failed.length === 0;
  };

  return {
    async find(pool, client) {
      const { Item } = await documents.send(
        new GetCommand({ TableName: table, Key: keys.issuer(pool, client), ConsistentRead: true }),
      );
      return Item === undefined ? null : Issuer.parse(withoutKeys(Item));
    },

    save({ user_pool_id, client_id, tenant_id, sso: before }, settings, newEpoch, commit) {
      const same =
        before === undefined
          ? "tenant_id = :tenant AND attribute_not_exists(sso)"
          : "tenant_id = :tenant AND sso = :before";
      const change: Write = {
        Update: {
          TableName: table,
          Key: keys.issuer(user_pool_id, client_id),
          UpdateExpression: settings === null ? "REMOVE sso" : "SET sso = :sso",
          ConditionExpression: same,
          ExpressionAttributeValues: {
            ":tenant": tenant_id,
            ...(before === undefined ? {} : { ":before": before }),
            ...(settings === null ? {} : { ":sso": settings }),
          },
        },
      };
      const epoch: Write = {
        Update: {
          TableName: table,
          Key: keys.tenant(tenant_id),
          UpdateExpression: "ADD access_epoch :one",
          ConditionExpression: "attribute_exists(pk)",
          ExpressionAttributeValues: { ":one": 1 },
        },
      };
      return write([change, ...(newEpoch ? [epoch] : []), ...commitWrites(table, commit)], 1);
    },

    join({ user_pool_id, client_id }, providerName, membership, commit) {
      const vouched: Write = {
        ConditionCheck: {
          TableName: table,
          Key: keys.issuer(user_pool_id, client_id),
          ConditionExpression: "tenant_id = :tenant AND sso.provider_name = :name",
          ExpressionAttributeValues: { ":tenant": membership.tenant_id, ":name": providerName },
        },
      };
      const put: Write = {
        Put: {
          TableName: table,
          Item: membershipToItem(membership),
          ConditionExpression: "attribute_not_exists(pk)",
        },
      };
      return write([vouched, put, ...commitWrites(table, commit)], 2);
    },
  };
};
