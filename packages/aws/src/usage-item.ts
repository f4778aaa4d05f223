import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Totals } from "@tenantry/core/usage/fold";
import type { ChunkKey, Head } from "@tenantry/core/usage/pages";
import { packTotals, unpackTotals } from "./usage-aggregate.ts";
import { headKey } from "./usage-table.ts";

/** A stored item in DynamoDB's own form. The document client would turn a sum of 38 digits into a double. */
export type Item = Record<string, AttributeValue>;

export const toItem = (key: ChunkKey, head: Head): Item => ({
  ...marshalled(headKey(key)),
  version: { N: String(head.version) },
  page: { N: String(head.page) },
  ids: { B: head.ids },
  totals: packTotals(head.totals),
});

/** @throws Error when the item is not one that `toItem` wrote. */
export const fromItem = (item: Item): Head => {
  const { version, page, ids } = item;
  if (version?.N === undefined || page?.N === undefined || ids?.B === undefined) throw damaged(item);
  return { version: Number(version.N), page: Number(page.N), ids: ids.B, totals: totalsOf(item) };
};

/** @throws Error when they are damaged. */
export const totalsOf = (item: Item): Totals => {
  const totals = unpackTotals(item["totals"]);
  if (totals === undefined) throw damaged(item);
  return totals;
};

export const marshalled = (key: { readonly pk: string; readonly sk: string }): Item => ({
  pk: { S: key.pk },
  sk: { S: key.sk },
});

const damaged = (item: Item) => new Error(`The usage item ${item["pk"]?.S} ${item["sk"]?.S} is damaged.`);
