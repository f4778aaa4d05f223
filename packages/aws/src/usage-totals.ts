import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { withoutIds } from "@tenantry/core/usage/id-set";
import type { HourTotals, UsageTotals, UserChunk } from "@tenantry/core/usage/ports";
import { fromItem, type Item, totalsOf, totalsProjection } from "./usage-item.ts";
import { sealedPages } from "./usage-pages.ts";
import { type OnCapacity, queryRange } from "./usage-range.ts";
import {
  hourKey,
  hourOf,
  periodFrom,
  periodKey,
  periodsPartition,
  rollUpsPartition,
  tenantPartition,
  usersPartition,
} from "./usage-table.ts";

/** A query of this many hours stays within a few of DynamoDB's 1 MB answers; several run side by side. */
const stretch = 24 * 31;

/** What is kept in the Usage table: hours, users, and the roll-ups of closed days and months. */
export const dynamoUsageTotals = (
  table: string,
  dynamo: DynamoDBClient = new DynamoDBClient({}),
  onCapacity?: OnCapacity,
): UsageTotals => {
  const query = (pk: string, from: string, to: string, projection?: string): Promise<Item[]> =>
    queryRange(dynamo, table, { pk, from, to }, { projection, onCapacity });

  /** The same for hours, a month of them at a time. */
  const queryHours = async (pk: string, from: number, to: number, projection?: string): Promise<Item[]> => {
    const stretches: Promise<Item[]>[] = [];
    // The key of the hour `to` comes before all that belong to this hour and have more in their keys.
    const before = (hour: number) => (pk.startsWith("USERS#") ? hourKey(hour) : hourKey(hour - 1));
    for (let at = from; at < to; at += stretch)
      stretches.push(query(pk, hourKey(at), before(Math.min(at + stretch, to)), projection));
    return (await Promise.all(stretches)).flat();
  };

  return {
    async hours(tenantId, from, to) {
      // Ids are left out of the answer, though not of what the read costs.
      const items = await queryHours(tenantPartition(tenantId), from, to, `pk, sk, ${totalsProjection}`);
      return items.map((item): HourTotals => ({ hour: hourOf(item["sk"]?.S ?? ""), totals: totalsOf(item) }));
    },

    async users(tenantId, metric, from, to) {
      const items = await queryHours(usersPartition(tenantId, metric), from, to);
      return items.map((item): UserChunk => {
        const sk = item["sk"]?.S ?? "";
        const series = sk.slice(hourKey(0).length + 1);
        const { ids, page, totals, voids } = fromItem(item);
        const key = { tenantId, hour: hourOf(sk), series };
        return {
          hour: key.hour,
          series,
          count: totals[series]?.count ?? 0,
          ids: async () => {
            const sealed = page === 0 ? [] : await sealedPages(table, dynamo, key, 0, page, onCapacity);
            return [...sealed, ids].map((each) => withoutIds(each, voids));
          },
        };
      });
    },

    async marks(tenantId, kind, from, to) {
      const items = await query(periodsPartition(tenantId), periodKey(kind, from), periodKey(kind, to - 1));
      return items.map(({ sk, marks, rolled }) => ({
        from: periodFrom(sk?.S ?? "").from,
        marks: Number(marks?.N ?? 0),
        rolled: rolled?.N === undefined ? undefined : Number(rolled.N),
      }));
    },

    async rollUps(tenantId, metric, kind, from, to) {
      const items = await query(rollUpsPartition(tenantId, metric), periodKey(kind, from), periodKey(kind, to - 1));
      return items.map((item) => ({
        from: periodFrom(item["sk"]?.S ?? "").from,
        marks: Number(item["marks"]?.N ?? 0),
        totals: totalsOf(item),
      }));
    },
  };
};
