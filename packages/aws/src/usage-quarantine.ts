import { createHash } from "node:crypto";
import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { prefixes } from "@tenantry/core/ids";
import type { Clock } from "@tenantry/core/ports";
import { concurrently } from "@tenantry/core/usage/concurrently";
import type { IncomingRecord, Quarantine } from "@tenantry/core/usage/ports";
import { newEntry, type StoredRecord } from "@tenantry/core/usage/quarantine-entry";
import { encodeTime } from "ulid";
import type { Documents } from "./dynamo.ts";
import { objectKey } from "./usage-object.ts";
import { listed } from "./usage-quarantine-table.ts";

/** Entries written at a time. */
const width = 48;

/**
 * Records that could not be counted, as JSON lines: `quarantine/<yyyy>/<mm>/<dd>/<hh>/<shard>-<first>-<last>.jsonl`. A
 * line is `{position, partition_key, arrived_at, faults: [{line, reason, detail}], data}`, `data` being the record's
 * bytes in base64. Of a record of several events only the lines named in `faults` were not counted. Each record has an
 * entry in the Quarantine table; one that comes again keeps the entry it has, whatever became of it meanwhile.
 */
export const s3Quarantine = (
  bucket: string,
  index: { readonly documents: Documents; readonly table: string; readonly clock: Clock },
  s3 = new S3Client({}),
): Quarantine => ({
  async put(rejected) {
    const first = rejected[0]?.record;
    const last = rejected.at(-1)?.record;
    if (first === undefined || last === undefined) return 0;
    const lines = rejected.map(({ record, faults }) => JSON.stringify({ ...stored(record), faults }));
    const object = objectKey("quarantine", first, last, "jsonl");
    // The record first, so that an entry never leads to nothing.
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: object,
        Body: `${lines.join("\n")}\n`,
        ContentType: "application/x-ndjson",
      }),
    );
    const at = index.clock().toISOString();
    let added = 0;
    const failures = await concurrently([...rejected.entries()], width, async ([line, each]) => {
      const entry = newEntry(quarantineId(each.record), each, at);
      const item = { pk: entry.id, ...listed(entry), ...entry, object, object_line: line };
      const put = new PutCommand({
        TableName: index.table,
        Item: item,
        ConditionExpression: "attribute_not_exists(pk)",
      });
      try {
        await index.documents.send(put);
        added++;
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
      }
    });
    if (failures.length > 0) throw failures[0]?.error;
    return added;
  },
});

const stored = (record: IncomingRecord): StoredRecord => ({
  position: record.position,
  partition_key: record.partitionKey,
  arrived_at: record.arrivedAt,
  data: record.data,
});

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** The same record always gets the same id: a ULID of its arrival and 80 bits of its position's SHA-256. */
export const quarantineId = ({ arrivedAt, position }: Pick<IncomingRecord, "arrivedAt" | "position">): string => {
  const digest = createHash("sha256").update(position).digest();
  const random = Array.from({ length: 16 }, (_, at) => alphabet[(digest[at] ?? 0) & 31]).join("");
  return `${prefixes.quarantine}_${encodeTime(arrivedAt, 10)}${random}`;
};
