import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { PutRecordsRequestEntry } from "@aws-sdk/client-kinesis";
import type { Pack } from "./buffer.ts";

const compress = promisify(gzip);

/** A record of the stream, and how much of the buffer's bounds it takes up until Kinesis has it. */
export type PackedRecord = PutRecordsRequestEntry & {
  readonly Data: Uint8Array;
  readonly events: number;
  readonly bytes: number;
};

/**
 * The events of one tenant as one record: JSON lines, compressed where that pays. Compression runs beside the event loop.
 *
 * @param gzipAbove the size in bytes above which to compress
 */
export const recordOf = async ({ tenant, lines, bytes }: Pack, gzipAbove: number): Promise<PackedRecord> => {
  const plain = new TextEncoder().encode(lines.map(({ text }) => text).join("\n"));
  // Whatever keeps zlib from working must not keep the events from going out.
  const Data = plain.byteLength > gzipAbove ? await compress(plain, { level: 3 }).catch(() => plain) : plain;
  return { PartitionKey: tenant, Data, events: lines.length, bytes };
};
