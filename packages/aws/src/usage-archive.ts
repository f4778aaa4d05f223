import { gzip } from "node:zlib";
import { promisify } from "node:util";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { hourMs } from "@tenantry/core/usage/accept";
import type { IncomingRecord, UsageArchive } from "@tenantry/core/usage/ports";
import { objectKey } from "./usage-object.ts";

const compress = promisify(gzip);

/**
 * Batches as they came in, as gzipped JSON lines: `archive/<yyyy>/<mm>/<dd>/<hh>/<shard>-<first>-<last>.jsonl.gz`. A
 * line is `{position, partition_key, arrived_at, text}`, or `data` in base64 where the record cannot be read. An object
 * holds records that arrived in its hour and in no other, so that whoever knows the hours need not look further.
 */
export const s3UsageArchive = (bucket: string, s3 = new S3Client({})): UsageArchive => ({
  async put(records) {
    const hours = Map.groupBy(records, ({ arrivedAt }) => Math.floor(arrivedAt / hourMs));
    await Promise.all([...hours.values()].map((ofHour) => putObject(s3, bucket, ofHour)));
  },
});

const putObject = async (s3: S3Client, bucket: string, records: readonly IncomingRecord[]): Promise<void> => {
  const first = records[0];
  const last = records.at(-1);
  if (first === undefined || last === undefined) return;
  const lines = records.map(line).join("\n");
  await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: objectKey("archive", first, last, "jsonl.gz"),
      Body: await compress(`${lines}\n`, { level: 1 }),
      ContentType: "application/x-ndjson",
      ContentEncoding: "gzip",
    }),
  );
};

const line = (record: IncomingRecord): string => {
  const { position, partitionKey, arrivedAt, text, data } = record;
  return JSON.stringify({
    position,
    partition_key: partitionKey,
    arrived_at: arrivedAt,
    ...(text === null ? { data } : { text }),
  });
};
