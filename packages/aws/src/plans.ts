import { Plan } from "@tenantry/core/billing/plan";
import type { Plans } from "@tenantry/core/billing/ports";
import { commitWrites } from "./commit.ts";
import { type Entity, keys } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { queryAll } from "./query-all.ts";
import { transact } from "./transact.ts";

/** Versions of plans in the Control table, an item each. */
export const dynamoPlans = (documents: Documents, table: string): Plans => ({
  async versions(tier) {
    const items = await queryAll(documents, {
      TableName: table,
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk",
      ExpressionAttributeValues: { ":pk": keys.plan(tier, 0).pk },
    });
    return items.map((item) => Plan.parse(item["plan"]));
  },

  async add(plan, commit) {
    const failed = await transact(documents, [
      {
        Put: {
          TableName: table,
          Item: { ...keys.plan(plan.tier, plan.version), entity: "plan" satisfies Entity, plan },
          ConditionExpression: "attribute_not_exists(pk)",
        },
      },
      ...commitWrites(table, commit),
    ]);
    return failed.length === 0;
  },
});
