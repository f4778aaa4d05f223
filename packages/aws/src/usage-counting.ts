import { setTimeout } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Clock } from "@tenantry/core/ports";
import { type Admit, admitSeries } from "@tenantry/core/usage/admit";
import { type ChunkWriter, chunkWriter } from "@tenantry/core/usage/chunk-writer";
import { type MeterCatalog, meterCatalog } from "@tenantry/core/usage/meter-catalog";
import type { UsageChunks } from "@tenantry/core/usage/ports";
import { dynamoMeters } from "./usage-meters.ts";
import { dynamoUsageChunks } from "./usage-pages.ts";
import { dynamoUsageSeries } from "./usage-series.ts";

/** What counts events into the Usage table. */
export type UsageCounting = {
  readonly writer: ChunkWriter;
  readonly meters: MeterCatalog;
  readonly admit: Admit;
};

/**
 * What counts events into the Usage table; each part remembers what it saw.
 *
 * @param options.wrap puts something between the writer and the table, for tests
 */
export const usageCounting = (
  table: string,
  clock: Clock,
  options: { readonly dynamo?: DynamoDBClient; readonly wrap?: (chunks: UsageChunks) => UsageChunks } = {},
): UsageCounting => {
  const { dynamo = new DynamoDBClient({}), wrap = (chunks) => chunks } = options;
  const waiting = { sleep: (ms: number) => setTimeout(ms), random: Math.random };
  return {
    writer: chunkWriter({ chunks: wrap(dynamoUsageChunks(table, dynamo)), clock, ...waiting }),
    meters: meterCatalog(dynamoMeters(table, { dynamo }), clock),
    admit: admitSeries({ store: dynamoUsageSeries(table, dynamo), ...waiting }),
  };
};
