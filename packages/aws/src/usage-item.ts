import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import type { Totals } from "@tenantry/core/usage/fold";
import { noArrivals } from "@tenantry/core/usage/arrivals";
import { allTotals, type ChunkKey, type Head } from "@tenantry/core/usage/pages";
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
  seen: { B: head.arrivals },
  // Few chunks were ever corrected, and these would weigh on all.
  ...(head.voids.byteLength > 0 ? { voids: { B: head.voids } } : {}),
  ...(head.voidedEvents === undefined ? {} : { voided: { B: head.voidedEvents } }),
  ...(head.stale === undefined ? {} : { stale: { L: [packTotals(head.stale.totals), { N: String(head.stale.ids) }] } }),
});

/** @throws Error when the item is not one that `toItem` wrote. */
export const fromItem = (item: Item): Head => {
  const { version, page, ids } = item;
  if (version?.N === undefined || page?.N === undefined || ids?.B === undefined) throw damaged(item);
  return {
    version: Number(version.N),
    page: Number(page.N),
    ids: ids.B,
    totals: partOf(item, item["totals"]),
    arrivals: item["seen"]?.B ?? noArrivals,
    voids: item["voids"]?.B ?? new Uint8Array(0),
    stale: staleOf(item),
    voidedEvents: item["voided"]?.B,
  };
};

/** What the item's chunk comes to. @throws Error when it is damaged. */
export const totalsOf = (item: Item): Totals =>
  allTotals({ totals: partOf(item, item["totals"]), stale: staleOf(item) });

/** The attributes that `totalsOf` needs. */
export const totalsProjection = "totals, stale";

const staleOf = (item: Item): Head["stale"] => {
  const [totals, ids] = item["stale"]?.L ?? [];
  return totals === undefined ? undefined : { totals: partOf(item, totals), ids: Number(ids?.N) };
};

const partOf = (item: Item, value: AttributeValue | undefined): Totals => {
  const totals = unpackTotals(value);
  if (totals === undefined) throw damaged(item);
  return totals;
};

export const marshalled = (key: { readonly pk: string; readonly sk: string }): Item => ({
  pk: { S: key.pk },
  sk: { S: key.sk },
});

const damaged = (item: Item) => new Error(`The usage item ${item["pk"]?.S} ${item["sk"]?.S} is damaged.`);
