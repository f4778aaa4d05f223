import { idsExpireAt, hourMs } from "@tenantry/core/usage/accept";
import type { ChunkKey } from "@tenantry/core/usage/pages";

/**
 * Keys of the Usage table. A tenant's heads stand in one partition, an item an hour, in the order of time: a window is
 * one query that meets no ids but the open pages'. The sealed pages of an hour have a partition of their own.
 */
export const headKey = ({ tenantId, hour }: ChunkKey) => ({ pk: tenantPartition(tenantId), sk: hourKey(hour) });

export const tenantPartition = (tenantId: string) => `TENANT#${tenantId}`;

const hourPrefix = "HOUR#";

/** `HOUR#2026-11-20T13` */
export const hourKey = (hour: number) => `${hourPrefix}${new Date(hour * hourMs).toISOString().slice(0, 13)}`;

export const hourOf = (sk: string) => Date.parse(`${sk.slice(hourPrefix.length)}:00:00Z`) / hourMs;

export const pagesPartition = ({ tenantId, hour }: ChunkKey) => `PAGES#${tenantId}#${hourKey(hour)}`;

/** Wide enough for the pages of an hour with 400 million events. */
export const pageKey = (page: number) => `PAGE#${String(page).padStart(7, "0")}`;

/** When the table may drop a chunk's sealed pages, in seconds since 1970. Heads stay for good. */
export const pagesExpireAt = ({ hour }: ChunkKey) => Math.ceil(idsExpireAt((hour + 1) * hourMs) / 1000);
