import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { Adjustment, type Adjustments } from "@tenantry/core/usage/adjustment";
import { commitWrites } from "./commit.ts";
import { keys, listedIn, type Partition, partitions, withoutKeys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { readPage } from "./pages.ts";
import { transact } from "./transact.ts";

/** Adjustments of usage in the Control table. */
export const dynamoAdjustments = (documents: Documents, table: string): Adjustments => {
  const statuses = ["pending", "applied"] as const;
  const all: readonly Partition[] = statuses.map(partitions.adjustmentsIn);
  const get: Adjustments["get"] = async (id) => {
    const { Item } = await documents.send(
      new GetCommand({ TableName: table, Key: keys.adjustment(id), ConsistentRead: true }),
    );
    return Item === undefined ? null : fromItem(Item);
  };
  return {
    async create(adjustment, claims, commit) {
      const { id, tenant_id, status } = adjustment;
      const failed = await transact(documents, [
        {
          Put: {
            TableName: table,
            Item: {
              ...keys.adjustment(id),
              ...listedIn(partitions.adjustmentsIn(status), id),
              ...listedIn(partitions.adjustmentsOf(tenant_id), id),
              entity: "adjustment",
              ...adjustment,
            },
            ConditionExpression: "attribute_not_exists(pk)",
          },
        },
        ...claims.map((claim) => ({
          Put: {
            TableName: table,
            Item: { ...keys.adjustmentClaim(claim), entity: "adjustment-claim", adjustment_id: id },
            ConditionExpression: "attribute_not_exists(pk)",
          },
        })),
        ...commitWrites(table, commit),
      ]);
      return failed.length === 0;
    },

    get,

    async claimedBy(claim) {
      const { Item } = await documents.send(
        new GetCommand({ TableName: table, Key: keys.adjustmentClaim(claim), ConsistentRead: true }),
      );
      return Item === undefined ? null : get(String(Item["adjustment_id"]));
    },

    list: ({ tenantId }, page) =>
      readPage(documents, table, tenantId === undefined ? all : [partitions.adjustmentsOf(tenantId)], page, fromItem),

    pending: async (most) =>
      (await readPage(documents, table, [partitions.adjustmentsIn("pending")], { limit: most, after: null }, fromItem))
        .items,

    async applied(id, at) {
      const update = documents.send(
        new UpdateCommand({
          TableName: table,
          Key: keys.adjustment(id),
          UpdateExpression: "SET #status = :applied, applied_at = :at, gsi1pk = :partition",
          ConditionExpression: "#status = :pending",
          ExpressionAttributeNames: { "#status": "status" },
          ExpressionAttributeValues: {
            ":pending": "pending",
            ":applied": "applied",
            ":at": at,
            ":partition": partitions.adjustmentsIn("applied").value,
          },
        }),
      );
      // Somebody else was as far: it is applied.
      await update.catch((error: unknown) => {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      });
    },
  };
};

const fromItem = (item: Readonly<Record<string, unknown>>): Adjustment => Adjustment.parse(withoutKeys(item));
