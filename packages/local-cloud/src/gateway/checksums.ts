import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";

/** CRC-32C (Castagnoli), reflected, as S3's `x-amz-checksum-crc32c`. */
const crc32cTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

const crc32c = (data: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc32cTable[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
};

/** CRC-64/NVME, reflected, as S3's `x-amz-checksum-crc64nvme`. */
const crc64Table = BigUint64Array.from({ length: 256 }, (_, index) => {
  let value = BigInt(index);
  for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n;
  return value;
});

const crc64nvme = (data: Uint8Array): bigint => {
  let crc = 0xffffffffffffffffn;
  for (const byte of data) crc = (crc64Table[Number((crc ^ BigInt(byte)) & 0xffn)] ?? 0n) ^ (crc >> 8n);
  return crc ^ 0xffffffffffffffffn;
};

const word = (value: number): string => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString("base64");
};

const long = (value: bigint): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes.toString("base64");
};

const algorithms: Readonly<Record<string, (data: Uint8Array) => string>> = {
  crc32: (data) => word(crc32(data)),
  crc32c: (data) => word(crc32c(data)),
  crc64nvme: (data) => long(crc64nvme(data)),
  sha1: (data) => createHash("sha1").update(data).digest("base64"),
  sha256: (data) => createHash("sha256").update(data).digest("base64"),
};

/** The first `x-amz-checksum-*` (or Content-MD5) among the headers that does not fit the body, by its header's name. */
export const wrongChecksum = (headers: Readonly<Record<string, unknown>>, body: Uint8Array): string | null => {
  for (const [name, checksum] of Object.entries(algorithms)) {
    const sent = headers[`x-amz-checksum-${name}`];
    // A multipart upload's checksum of checksums ends in `-<parts>` and is not one of this body.
    if (typeof sent === "string" && !sent.includes("-") && sent !== checksum(body)) return `x-amz-checksum-${name}`;
  }
  const md5 = headers["content-md5"];
  if (typeof md5 === "string" && md5 !== createHash("md5").update(body).digest("base64")) return "content-md5";
  return null;
};
