import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Total, Totals } from "@tenantry/core/usage/fold";
import { isMeter, type MeterName } from "@tenantry/core/usage/meters";
import type { ChunkKey, Head } from "@tenantry/core/usage/pages";
import { headKey } from "./usage-table.ts";

/** A stored item in DynamoDB's own form. The document client would turn a sum of 38 digits into a double. */
export type Item = Record<string, AttributeValue>;

/** `totals` maps a meter to a list of two numbers, its sum in micro-units and its count: a few bytes, exact to 38 digits. */
export const toItem = (key: ChunkKey, head: Head): Item => {
  const { pk, sk } = headKey(key);
  const totals: Record<string, AttributeValue> = {};
  for (const [name, total] of Object.entries(head.totals))
    totals[name] = { L: [{ N: total.sum.toString() }, { N: String(total.count) }] };
  return {
    pk: { S: pk },
    sk: { S: sk },
    version: { N: String(head.version) },
    page: { N: String(head.page) },
    ids: { B: head.ids },
    totals: { M: totals },
  };
};

/** @throws Error when the item is not one that `toItem` wrote. */
export const fromItem = (item: Item): Head => {
  const { version, page, ids } = item;
  if (version?.N === undefined || page?.N === undefined || ids?.B === undefined)
    throw new Error(`The usage item ${item["pk"]?.S} ${item["sk"]?.S} is damaged.`);
  return { version: Number(version.N), page: Number(page.N), ids: ids.B, totals: totalsOf(item) };
};

export const totalsOf = (item: Item): Totals => {
  const totals: Partial<Record<MeterName, Total>> = {};
  for (const [name, value] of Object.entries(item["totals"]?.M ?? {})) {
    const [sum, count] = value.L ?? [];
    if (!isMeter(name) || sum?.N === undefined || count?.N === undefined)
      throw new Error(`The usage item ${item["pk"]?.S} ${item["sk"]?.S} is damaged.`);
    totals[name] = { sum: BigInt(sum.N), count: Number(count.N) };
  }
  return totals;
};
