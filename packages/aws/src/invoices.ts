import { GetCommand, PutCommand, QueryCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { type FinalizedInvoice, Invoice } from "@tenantry/core/billing/invoice";
import type { Invoices } from "@tenantry/core/billing/ports";
import { commitWrites } from "./commit.ts";
import { type Entity, keys, listedIn, partitions } from "./control-table.ts";
import type { Documents } from "./dynamo.ts";
import { queryAll } from "./query-all.ts";
import { transact } from "./transact.ts";

type Item = Record<string, unknown>;

/** @throws Error when the item is not one that was written here. */
const invoiceFromItem = (item: Item): FinalizedInvoice => {
  const invoice = Invoice.parse(item["invoice"]);
  const { number, finalized_at } = invoice;
  if (number === null || finalized_at === null) throw new Error(`The invoice ${String(item["pk"])} is damaged.`);
  return { ...invoice, number, finalized_at };
};

/** Invoices in the Control table. Nothing changes one but that its mark as unexported goes. */
export const dynamoInvoices = (documents: Documents, table: string): Invoices => {
  const get = async (key: Record<string, string>): Promise<Item | undefined> =>
    (await documents.send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }))).Item;

  return {
    async get(tenantId, month) {
      const item = await get(keys.invoice(tenantId, month));
      return item === undefined ? null : invoiceFromItem(item);
    },

    async between(tenantId, from, to) {
      const items = await queryAll(documents, {
        TableName: table,
        ConsistentRead: true,
        KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
        ExpressionAttributeValues: { ":pk": keys.invoice(tenantId, from).pk, ":from": from, ":to": to },
      });
      return items.map(invoiceFromItem);
    },

    async list(tenantId, { limit, after }) {
      const items = await queryAll(
        documents,
        {
          TableName: table,
          ConsistentRead: true,
          KeyConditionExpression: after === null ? "pk = :pk" : "pk = :pk AND sk < :after",
          ExpressionAttributeValues: {
            ":pk": keys.invoice(tenantId, "").pk,
            ...(after === null ? {} : { ":after": after }),
          },
          ScanIndexForward: false,
          Limit: limit + 1,
        },
        limit + 1,
      );
      const page = items.slice(0, limit).map(invoiceFromItem);
      return { items: page, next: items.length > limit ? (page.at(-1)?.month ?? null) : null };
    },

    async lastNumber(year) {
      return Number((await get(keys.invoiceNumbers(year)))?.["place"] ?? 0);
    },

    async finalize(invoice, place, commit) {
      const [failed] = await transact(documents, [
        {
          Put: {
            TableName: table,
            Item: {
              ...keys.invoice(invoice.tenant_id, invoice.month),
              ...listedIn(partitions.unexportedInvoices, invoice.number),
              entity: "invoice" satisfies Entity,
              invoice,
            },
            ConditionExpression: "attribute_not_exists(pk)",
          },
        },
        {
          Put: {
            TableName: table,
            Item: {
              ...keys.invoiceNumbers(invoice.month.slice(0, 4)),
              entity: "invoice_numbers" satisfies Entity,
              place,
            },
            ConditionExpression: place === 1 ? "attribute_not_exists(pk)" : "place = :before",
            ...(place === 1 ? {} : { ExpressionAttributeValues: { ":before": place - 1 } }),
          },
        },
        ...commitWrites(table, commit),
      ]);
      if (failed === undefined) return "finalized";
      if (failed === 0) return "exists";
      if (failed === 1) return "number-taken";
      throw new Error(`The invoice ${invoice.number} met an item that was there before.`);
    },

    async unexported(limit) {
      const { index, value } = partitions.unexportedInvoices;
      const { Items = [] } = await documents.send(
        new QueryCommand({
          TableName: table,
          IndexName: index,
          KeyConditionExpression: "#pk = :pk",
          ExpressionAttributeNames: { "#pk": `${index}pk` },
          ExpressionAttributeValues: { ":pk": value },
          Limit: limit,
        }),
      );
      return Items.map(invoiceFromItem);
    },

    async exported({ tenant_id, month }) {
      const { index } = partitions.unexportedInvoices;
      await documents.send(
        new UpdateCommand({
          TableName: table,
          Key: keys.invoice(tenant_id, month),
          UpdateExpression: `REMOVE ${index}pk, ${index}sk`,
          ConditionExpression: "attribute_exists(pk)",
        }),
      );
    },

    async isClosed(month) {
      return (await get(keys.closedMonth(month))) !== undefined;
    },

    async close(month, at) {
      await documents.send(
        new PutCommand({
          TableName: table,
          Item: { ...keys.closedMonth(month), entity: "closed_month" satisfies Entity, closed_at: at },
        }),
      );
    },
  };
};
