import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import type { IncomingRecord, UsageArchiveReader } from "@tenantry/core/usage/ports";
import { hourFolder } from "./usage-object.ts";

const decompress = promisify(gunzip);

/** Objects fetched at a time. */
const width = 16;

type Line = {
  readonly position: string;
  readonly partition_key: string;
  readonly arrived_at: number;
  readonly text?: string;
  readonly data?: string;
};

/** Reads what `s3UsageArchive` wrote. */
export const s3UsageArchiveReader = (bucket: string, s3 = new S3Client({})): UsageArchiveReader => {
  const keysOf = async function* (prefix: string): AsyncGenerator<string[]> {
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: prefix }))
      yield Contents.map(({ Key = "" }) => Key);
  };

  const linesOf = async (key: string): Promise<string[]> => {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const bytes = await decompress((await Body?.transformToByteArray()) ?? new Uint8Array());
    return bytes.toString("utf8").split("\n");
  };

  return {
    async *records(hour, { source = "", mentions }) {
      for await (const keys of keysOf(`${hourFolder("archive", hour)}/${source}`)) {
        for (let at = 0; at < keys.length; at += width) {
          const objects = await Promise.all(keys.slice(at, at + width).map(linesOf));
          for (const lines of objects)
            // Most lines are of other tenants: a look at the text spares parsing them.
            yield lines.filter((line) => line !== "" && line.includes(mentions)).map(fromLine);
        }
      }
    },
  };
};

const fromLine = (line: string): IncomingRecord => {
  const { position, partition_key, arrived_at, text, data } = JSON.parse(line) as Line;
  const place = { position, partitionKey: partition_key, arrivedAt: arrived_at };
  return text === undefined
    ? { ...place, data: data ?? "", text: null }
    : { ...place, data: Buffer.from(text).toString("base64"), text };
};
