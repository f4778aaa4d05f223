import { idsExpireAt, hourMs } from "@tenantry/core/usage/accept";
import type { ChunkKey } from "@tenantry/core/usage/pages";
import type { PeriodKind } from "@tenantry/core/usage/period";
import { metricOf } from "@tenantry/core/usage/series";

/**
 * Keys of the Usage table. A tenant's heads stand in one partition, an item an hour, in the order of time: a window is
 * one query that meets no ids but the open pages'. The sealed pages of an hour have a partition of their own. So have
 * the users of a `unique` meter, an item for each hour and series, and the roll-ups of a meter.
 */
export const headKey = ({ tenantId, hour, series }: ChunkKey) =>
  series === undefined
    ? { pk: tenantPartition(tenantId), sk: hourKey(hour) }
    : { pk: usersPartition(tenantId, metricOf(series)), sk: `${hourKey(hour)}#${series}` };

export const tenantPartition = (tenantId: string) => `TENANT#${tenantId}`;

export const usersPartition = (tenantId: string, metric: string) => `USERS#${tenantId}#${metric}`;

const hourPrefix = "HOUR#";

/** `HOUR#2026-11-20T13` */
export const hourKey = (hour: number) => `${hourPrefix}${new Date(hour * hourMs).toISOString().slice(0, 13)}`;

export const hourOf = (sk: string) =>
  Date.parse(`${sk.slice(hourPrefix.length, hourPrefix.length + 13)}:00:00Z`) / hourMs;

export const pagesPartition = ({ tenantId, hour, series }: ChunkKey) =>
  `PAGES#${tenantId}#${hourKey(hour)}${series === undefined ? "" : `#${series}`}`;

/** Wide enough for the pages of an hour with 400 million events. */
export const pageKey = (page: number) => `PAGE#${String(page).padStart(7, "0")}`;

/** When the table may drop a chunk's sealed pages, in seconds since 1970. Heads stay for good. */
export const pagesExpireAt = ({ hour }: ChunkKey) => Math.ceil(idsExpireAt((hour + 1) * hourMs) / 1000);

/** How far the roll-ups of a tenant are, an item a period. */
export const periodsPartition = (tenantId: string) => `PERIODS#${tenantId}`;

export const rollUpsPartition = (tenantId: string, metric: string) => `ROLLUP#${tenantId}#${metric}`;

/** What dimensions a tenant may use, an item a month. */
export const seriesPartition = (tenantId: string) => `SERIES#${tenantId}`;

/** `DAY#2026-11-20`, `MONTH#2026-11` */
export const periodKey = (kind: PeriodKind, hour: number) => {
  const date = new Date(hour * hourMs).toISOString();
  return kind === "day" ? `DAY#${date.slice(0, 10)}` : `MONTH#${date.slice(0, 7)}`;
};

/** The kind and the first hour of a period's key. */
export const periodFrom = (sk: string): { readonly kind: PeriodKind; readonly from: number } => {
  const [kind, date = ""] = sk.split("#");
  return kind === "DAY"
    ? { kind: "day", from: Date.parse(`${date}T00:00:00Z`) / hourMs }
    : { kind: "month", from: Date.parse(`${date}-01T00:00:00Z`) / hourMs };
};

/** All definitions of meters are one item. */
export const metersKey = { pk: "METERS", sk: "METERS" };
