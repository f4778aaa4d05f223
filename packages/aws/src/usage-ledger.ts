import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { ChunkKey } from "@tenantry/core/usage/pages";
import type { LiveChunk, UsageLedger } from "@tenantry/core/usage/rebuild";
import { allTotals, countIds } from "@tenantry/core/usage/pages";
import { packTotals } from "./usage-aggregate.ts";
import { fromItem, type Item } from "./usage-item.ts";
import { sealedPages } from "./usage-pages.ts";
import { queryRange } from "./usage-range.ts";
import { hourKey, hourOf, tenantPartition, usersPartition } from "./usage-table.ts";

/** The Usage table as a rebuild sees it: whole chunks with all their ids. */
export const dynamoUsageLedger = (table: string, dynamo: DynamoDBClient = new DynamoDBClient({})): UsageLedger => {
  // The key of an hour comes before all that begin with it.
  const itemsOf = (pk: string, from: number, to: number): Promise<Item[]> =>
    queryRange(dynamo, table, { pk, from: hourKey(from), to: `${hourKey(to - 1)}~` });

  const liveOf = async (key: ChunkKey, item: Item): Promise<LiveChunk> => {
    const head = fromItem(item);
    const pages = head.page === 0 ? [] : await sealedPages(table, dynamo, key, 0, head.page);
    const ids = Buffer.concat([...pages, head.ids]);
    return {
      key,
      version: head.version,
      packed: pack(allTotals(head)),
      // Sealed pages expire when no event of their hour is taken any more.
      ids: ids.byteLength / 8 === countIds(head) ? ids : null,
      arrivals: head.arrivals,
      pending: head.stale !== undefined,
    };
  };

  return {
    async chunks(tenantId, { from, to }, meters) {
      const users = [...meters.values()].filter(({ aggregation }) => aggregation === "unique");
      const parts = await Promise.all([
        itemsOf(tenantPartition(tenantId), from, to).then((items) =>
          items.map((item) => liveOf({ tenantId, hour: hourOf(item["sk"]?.S ?? "") }, item)),
        ),
        ...users.map(async ({ name }) =>
          (await itemsOf(usersPartition(tenantId, name), from, to)).map((item) => {
            const sk = item["sk"]?.S ?? "";
            return liveOf({ tenantId, hour: hourOf(sk), series: sk.slice(hourKey(0).length + 1) }, item);
          }),
        ),
      ]);
      return Promise.all(parts.flat());
    },
    pack,
  };
};

/** The very attribute, with the series in order and bytes in base64. */
const pack: UsageLedger["pack"] = (totals) => {
  const series = Object.entries(packTotals(totals).M ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(series), (_, value: unknown) =>
    value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
  );
};
