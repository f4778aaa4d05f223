import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { Quarantine } from "@tenantry/core/usage/ports";
import { objectKey } from "./usage-object.ts";

/**
 * Records that could not be counted, as JSON lines: `quarantine/<yyyy>/<mm>/<dd>/<hh>/<shard>-<first>-<last>.jsonl`. A
 * line is `{position, partition_key, arrived_at, faults: [{line, reason, detail}], data}`, `data` being the record's
 * bytes in base64. Of a record of several events only the lines named in `faults` were not counted.
 */
export const s3Quarantine = (bucket: string, s3 = new S3Client({})): Quarantine => ({
  async put(rejected) {
    const first = rejected[0]?.record;
    const last = rejected.at(-1)?.record;
    if (first === undefined || last === undefined) return;
    const lines = rejected.map(({ record, faults }) =>
      JSON.stringify({
        position: record.position,
        partition_key: record.partitionKey,
        arrived_at: record.arrivedAt,
        faults,
        data: record.data,
      }),
    );
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: objectKey("quarantine", first, last, "jsonl"),
        Body: `${lines.join("\n")}\n`,
        ContentType: "application/x-ndjson",
      }),
    );
  },
});
