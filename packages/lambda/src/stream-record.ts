import { isUtf8 } from "node:buffer";
import { gunzipSync } from "node:zlib";
import type { Rejection } from "@tenantry/core/usage/event";
import type { IncomingRecord } from "@tenantry/core/usage/ports";
import type { KinesisStreamRecord } from "aws-lambda";

/** What one record may come to when it is unpacked, in bytes. A record of zeros could come to a thousand times its size. */
export const maxUnpacked = 16 * 1024 * 1024;

/** What a batch may come to before the rest of it is left for the next invocation, in bytes: an eighth of the memory. */
const maxBatch = 128 * 1024 * 1024;

/** A record of the Kinesis event source in the core's form. */
export const incoming = ({ eventID: position, kinesis }: KinesisStreamRecord): IncomingRecord => {
  const { data, partitionKey, approximateArrivalTimestamp } = kinesis;
  const arrivedAt = Math.round(approximateArrivalTimestamp * 1000);
  const text = asciiOf(data) ?? textOf(Buffer.from(data, "base64"));
  if (typeof text === "string") return { position, partitionKey, arrivedAt, data, text };
  return { position, partitionKey, arrivedAt, data, text: null, unreadable: text };
};

/**
 * As many records, from the first on, as a function of this size can hold unpacked; at least one. The others are for the
 * next invocation.
 */
export const incomingBatch = (records: readonly KinesisStreamRecord[], limit = maxBatch): IncomingRecord[] => {
  const batch: IncomingRecord[] = [];
  let size = 0;
  for (const record of records) {
    if (size > limit) break;
    const taken = incoming(record);
    batch.push(taken);
    size += taken.text?.length ?? taken.data.length;
  }
  return batch;
};

/**
 * The text of most records: bytes that are ASCII, and so are neither compressed nor wrong, need no buffer of their own.
 * Undefined for all others, and for none at all.
 */
const asciiOf = (data: string): string | undefined => {
  const text = atob(data);
  // In UTF-8 a character beyond ASCII takes more than the one byte that it stands for here.
  return text !== "" && Buffer.byteLength(text) === text.length ? text : undefined;
};

const textOf = (bytes: Buffer): string | Rejection => {
  if (bytes.length === 0) return { reason: "empty", detail: "The record is empty." };
  const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? unpack(bytes) : bytes;
  if (!Buffer.isBuffer(plain)) return plain;
  return isUtf8(plain) ? plain.toString("utf8") : { reason: "not-utf8", detail: "The record is not UTF-8." };
};

const unpack = (bytes: Buffer): Buffer | Rejection => {
  try {
    // With `info` it is told how much was read: zlib itself lets pass whatever follows the end.
    const unpacked: unknown = gunzipSync(bytes, { maxOutputLength: maxUnpacked, info: true });
    const { buffer, engine } = unpacked as { buffer: Buffer; engine: { bytesWritten: number } };
    return engine.bytesWritten === bytes.length
      ? buffer
      : { reason: "invalid-gzip", detail: "There are bytes after the end of what was compressed." };
  } catch (error) {
    switch ((error as NodeJS.ErrnoException).code) {
      case "ERR_BUFFER_TOO_LARGE":
        return { reason: "too-large", detail: `The record unpacks to more than ${maxUnpacked} bytes.` };
      case "Z_BUF_ERROR":
        return { reason: "truncated-gzip", detail: "The compressed record ends before its time." };
      default:
        return { reason: "invalid-gzip", detail: "The record begins like gzip and is none." };
    }
  }
};
