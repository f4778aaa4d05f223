import type { Clock } from "../ports.ts";
import { isRejection, parseEvent, type Rejection, type UsageEvent } from "./event.ts";
import { type MeterTable, meterTable } from "./meters.ts";
import type { MeterStore } from "./ports.ts";

/** The definitions of meters as a warm consumer knows them. */
export type MeterCatalog = {
  /** At most 30 seconds old. */
  current(): Promise<MeterTable>;
  /** As they are now. */
  reread(): Promise<MeterTable>;
};

const keepMs = 30_000;

export const meterCatalog = (meters: Pick<MeterStore, "load">, clock: Clock): MeterCatalog => {
  let kept: { readonly table: MeterTable; readonly version: number; readonly at: number } | undefined;
  const reread = async (): Promise<MeterTable> => {
    const at = clock().getTime();
    const list = await meters.load();
    // The same table for the same list, so that whoever holds it can tell.
    const table = kept?.version === list.version ? kept.table : meterTable(list.meters);
    kept = { table, version: list.version, at };
    return table;
  };
  return {
    current: async () => (kept !== undefined && clock().getTime() - kept.at < keepMs ? kept.table : reread()),
    reread,
  };
};

/** Parses an event as the consumer would that takes it now: a metric is called unknown by definitions as they are now. */
export const eventParser =
  (catalog: MeterCatalog) =>
  async (text: string, now: number): Promise<UsageEvent | Rejection> => {
    const parsed = parseEvent(text, await catalog.current(), now, now);
    if (!isRejection(parsed) || parsed.reason !== "unknown-metric") return parsed;
    return parseEvent(text, await catalog.reread(), now, now);
  };
