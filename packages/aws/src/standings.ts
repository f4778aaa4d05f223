import { GetCommand } from "@aws-sdk/lib-dynamodb";
import type { Standings } from "@tenantry/core/entitlement/ports";
import { Standing } from "@tenantry/core/entitlement/standing";
import { commitWrites } from "./commit.ts";
import { type Entity, keys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { transact } from "./transact.ts";

/** Milliseconds that a request waits to learn of its tenant's quotas. */
const patience = 500;

/** How tenants stand with their quotas, an item each in the Control table. */
export const dynamoStandings = (documents: Documents, table: string): Standings => {
  const read = async (tenantId: string, consistent: boolean, abortSignal?: AbortSignal): Promise<Standing | null> => {
    const command = new GetCommand({ TableName: table, Key: keys.standing(tenantId), ConsistentRead: consistent });
    const { Item } = await documents.send(command, abortSignal === undefined ? {} : { abortSignal });
    return Item === undefined ? null : Standing.parse(Item["standing"]);
  };

  return {
    get: async (tenantId) => read(tenantId, true),
    peek: async (tenantId) => read(tenantId, false, AbortSignal.timeout(patience)),

    async save(standing, commit) {
      const { revision } = standing;
      const failed = await transact(documents, [
        {
          Put: {
            TableName: table,
            Item: {
              ...keys.standing(standing.tenant_id),
              entity: "standing" satisfies Entity,
              revision,
              standing,
            },
            ConditionExpression: revision === 1 ? "attribute_not_exists(pk)" : "revision = :before",
            ...(revision === 1 ? {} : { ExpressionAttributeValues: { ":before": revision - 1 } }),
          },
        },
        ...commitWrites(table, commit),
      ]);
      return failed.length === 0;
    },
  };
};
