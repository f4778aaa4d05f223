import { QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { DenialCounts, Denials } from "@tenantry/core/audit/denials";
import { commitWrites } from "./commit.ts";
import { type Entity, keys, listedIn, partitions } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { transact } from "./transact.ts";

/** The log may bring lines again, hours later; a day is enough to count them where they belong. */
const keptSeconds = 24 * 3600;

/** How many are told at a time. */
const most = 25;

const keyOf = ({ tenant_id, minute, actor, permission }: Denials) => keys.denials(tenant_id, minute, actor, permission);

/** Counts of denials in the Control table: one item for each caller, permission and minute. */
export const dynamoDenials = (documents: Documents, table: string): DenialCounts => ({
  async open(denials, commit) {
    const { tenant_id, actor, permission, minute, example } = denials;
    const failed = await transact(documents, [
      {
        Put: {
          TableName: table,
          Item: {
            ...keyOf(denials),
            entity: "denials" satisfies Entity,
            denials: { tenant_id, actor, permission, minute, example },
            untold: 0,
            expires_at: Math.floor(Date.parse(minute) / 1000) + keptSeconds,
          },
          ConditionExpression: "attribute_not_exists(pk)",
        },
      },
      ...commitWrites(table, commit),
    ]);
    return failed.length === 0;
  },

  async add(denials) {
    const key = keyOf(denials);
    const due = listedIn(partitions.denialsDue, `${denials.minute}#${key.pk}#${key.sk}`);
    await documents.send(
      new UpdateCommand({
        TableName: table,
        Key: key,
        UpdateExpression: "SET gsi2pk = :due, gsi2sk = :at ADD untold :count",
        // Should it have expired since, the lines come again and open it anew.
        ConditionExpression: "attribute_exists(pk)",
        ExpressionAttributeValues: { ":due": due["gsi2pk"], ":at": due["gsi2sk"], ":count": denials.count },
      }),
    );
  },

  async due(before) {
    const { index, value } = partitions.denialsDue;
    const { Items = [] } = await documents.send(
      new QueryCommand({
        TableName: table,
        IndexName: index,
        KeyConditionExpression: `${index}pk = :due AND ${index}sk < :before`,
        ExpressionAttributeValues: { ":due": value, ":before": before },
        Limit: most,
      }),
    );
    return Items.map((item) => ({ ...(item["denials"] as Omit<Denials, "count">), count: Number(item["untold"]) }));
  },

  async tell(denials, commit) {
    await transact(documents, [
      {
        Update: {
          TableName: table,
          Key: keyOf(denials),
          UpdateExpression: "SET untold = :none REMOVE gsi2pk, gsi2sk",
          ConditionExpression: "untold = :told",
          ExpressionAttributeValues: { ":none": 0, ":told": denials.count },
        },
      },
      ...commitWrites(table, commit),
    ]);
  },
});
