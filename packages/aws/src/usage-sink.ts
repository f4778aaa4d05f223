import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { KinesisClient, PutRecordsCommand } from "@aws-sdk/client-kinesis";
import type { Packed } from "@tenantry/core/intake/pack";
import type { UsageSink } from "@tenantry/core/intake/submit-usage";
import { newId } from "./new-id.ts";

const compress = promisify(gzip);

/** What Kinesis takes in one PutRecords: 500 records and 5 MiB with their keys. */
const batchRecords = 500;
const batchBytes = 4 * 1024 * 1024;

/** Above this, in bytes, a record is compressed: below, it would hardly get smaller. */
const gzipAbove = 1024;

/** How often a record is tried, and the longest pause before the next time: about three seconds in all at most. */
const attempts = 6;
const pauses = [50, 100, 300, 800, 1500];

type Entry = { readonly index: number; readonly PartitionKey: string; readonly Data: Uint8Array };

/** The usage stream, for whoever has no client of his own. What Kinesis refuses or loses goes again as it was. */
export const kinesisUsageSink = (
  stream: string,
  client: Pick<KinesisClient, "send"> = new KinesisClient({}),
): UsageSink => {
  /** @returns those that were not taken. */
  const putBatch = async (batch: readonly Entry[]): Promise<Entry[]> => {
    try {
      const records = batch.map(({ PartitionKey, Data }) => ({ PartitionKey, Data }));
      const { Records = [] } = await client.send(new PutRecordsCommand({ StreamName: stream, Records: records }));
      return batch.filter((_, at) => Records[at]?.ErrorCode !== undefined);
    } catch (error) {
      if (isPermanent(error)) throw error;
      return [...batch];
    }
  };

  return {
    async put(records) {
      let waiting = await Promise.all(records.map(entryOf));
      for (let attempt = 0; waiting.length > 0 && attempt < attempts; attempt++) {
        if (attempt > 0) await sleep((0.5 + Math.random() / 2) * (pauses[attempt - 1] ?? 0));
        const left: Entry[] = [];
        for (const batch of batches(waiting)) left.push(...(await putBatch(batch)));
        waiting = left;
      }
      const lost = new Set(waiting.map(({ index }) => index));
      return records.map((_, index) => !lost.has(index));
    },
  };
};

const entryOf = async ({ partitionKey, text }: Packed, index: number): Promise<Entry> => {
  const plain = Buffer.from(text);
  return { index, PartitionKey: partitionKey, Data: plain.length > gzipAbove ? await compress(plain) : plain };
};

const batches = (entries: readonly Entry[]): Entry[][] => {
  const all: Entry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const last = all.at(-1);
    bytes += entry.Data.byteLength + entry.PartitionKey.length;
    if (last === undefined || last.length === batchRecords || bytes > batchBytes) {
      all.push([entry]);
      bytes = entry.Data.byteLength + entry.PartitionKey.length;
    } else last.push(entry);
  }
  return all;
};

/** Errors that are ours and would come again: no such stream, no permission. */
const isPermanent = (error: unknown): boolean =>
  error instanceof Error && ["ResourceNotFoundException", "AccessDeniedException"].includes(error.name);

/** An id for an event that came without one: a new one, or the one that belongs to the seed. */
export const eventId = (seed?: string): string =>
  seed === undefined ? newId("event") : `key_${createHash("sha256").update(seed).digest("hex").slice(0, 32)}`;
