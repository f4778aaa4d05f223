import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { BillingAccount } from "@tenantry/core/usage-export/account";
import { ExportCursor } from "@tenantry/core/usage-export/cursor";
import type { BillingAccounts, ExportCursors } from "@tenantry/core/usage-export/ports";
import { commitWrites } from "./commit.ts";
import { type Entity, keys, listedIn, partitions } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { queryAll } from "./query-all.ts";
import { transact } from "./transact.ts";
import { unlessRefused } from "./webhooks.ts";

/** Who tenants are to those that bill them, in the Control table. */
export const dynamoBillingAccounts = (documents: Documents, table: string): BillingAccounts => ({
  async get(tenantId) {
    const { Item } = await documents.send(
      new GetCommand({ TableName: table, Key: keys.billingAccount(tenantId), ConsistentRead: true }),
    );
    return Item === undefined ? null : BillingAccount.parse(Item["account"]);
  },

  async put(account, commit) {
    const failed = await transact(documents, [
      {
        Put: {
          TableName: table,
          Item: {
            ...keys.billingAccount(account.tenant_id),
            ...listedIn(partitions.billingAccounts, account.tenant_id),
            entity: "billing_account" satisfies Entity,
            linked_at: account.linked_at,
            account,
          },
          // Since when usage is exported does not change.
          ConditionExpression: "attribute_not_exists(pk) OR linked_at = :linked",
          ExpressionAttributeValues: { ":linked": account.linked_at },
        },
      },
      ...commitWrites(table, commit),
    ]);
    if (failed.length > 0) throw new Error(`The billing account of ${account.tenant_id} was linked in the meantime.`);
  },

  async list() {
    const { index, value } = partitions.billingAccounts;
    const items = await queryAll(documents, {
      TableName: table,
      IndexName: index,
      KeyConditionExpression: "#pk = :pk",
      ExpressionAttributeNames: { "#pk": `${index}pk` },
      ExpressionAttributeValues: { ":pk": value },
    });
    return items.map((item) => BillingAccount.parse(item["account"]));
  },
});

/** What was exported, an item for each tenant, meter and exporter in the Control table. */
export const dynamoExportCursors = (documents: Documents, table: string): ExportCursors => ({
  async get({ exporter, tenantId, meter }) {
    const Key = keys.exportCursor(tenantId, exporter, meter);
    const { Item } = await documents.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
    return Item === undefined ? null : ExportCursor.parse(Item["cursor"]);
  },

  async save({ exporter, tenantId, meter }, cursor) {
    const { version } = cursor;
    const written = await unlessRefused(
      documents.send(
        new PutCommand({
          TableName: table,
          Item: {
            ...keys.exportCursor(tenantId, exporter, meter),
            entity: "export_cursor" satisfies Entity,
            revision: version,
            cursor,
          },
          ConditionExpression: version === 1 ? "attribute_not_exists(pk)" : "revision = :before",
          ...(version === 1 ? {} : { ExpressionAttributeValues: { ":before": version - 1 } }),
        }),
      ),
    );
    return written !== null;
  },
});
