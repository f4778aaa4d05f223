import { DeleteCommand, PutCommand, QueryCommand } from "@aws-sdk/lib-dynamodb";
import { Issuer, type Issuers } from "@tenantry/core/access/issuer";
import { type Entity, keys, listedIn, partitions, withoutKeys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";

/** Issuers in the Control table, each under its user pool and client, as the authorizer looks them up. */
export const dynamoIssuers = (documents: Documents, table: string): Issuers => ({
  async register(issuer) {
    const { user_pool_id: pool, client_id: client, tenant_id: tenant } = issuer;
    await documents.send(
      new PutCommand({
        TableName: table,
        Item: {
          ...keys.issuer(pool, client),
          ...listedIn(partitions.issuersOf(tenant), `${pool}#${client}`),
          entity: "issuer" satisfies Entity,
          ...issuer,
        },
        // Nobody else's client may become this tenant's.
        ConditionExpression: "attribute_not_exists(pk) OR tenant_id = :tenant",
        ExpressionAttributeValues: { ":tenant": tenant },
      }),
    );
  },
  async remove({ user_pool_id: pool, client_id: client }) {
    await documents.send(new DeleteCommand({ TableName: table, Key: keys.issuer(pool, client) }));
  },
  async of(tenantId) {
    const { index, value } = partitions.issuersOf(tenantId);
    const { Items = [] } = await documents.send(
      new QueryCommand({
        TableName: table,
        IndexName: index,
        KeyConditionExpression: `${index}pk = :issuers`,
        ExpressionAttributeValues: { ":issuers": value },
      }),
    );
    return Items.map((item) => Issuer.parse(withoutKeys(item)));
  },
});
