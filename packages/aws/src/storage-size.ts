import { ListObjectVersionsCommand, S3Client } from "@aws-sdk/client-s3";
import type { Scale } from "@tenantry/core/intake/sample-storage";

/** What a tenant's folder holds, in all versions: each of them is kept and paid for. A thousand objects a request. */
export const folderSizes = (client = new S3Client({})): Scale => ({
  async bytes({ resources: { storage } }) {
    if (storage === undefined) return 0;
    let bytes = 0;
    let next: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } | undefined = {};
    while (next !== undefined) {
      const page: Awaited<ReturnType<typeof list>> = await list(client, storage.bucket, storage.prefix, next);
      for (const { Size = 0 } of page.Versions ?? []) bytes += Size;
      if (page.IsTruncated === true && page.NextKeyMarker === undefined)
        throw new Error(`The list of ${storage.prefix} breaks off.`);
      next =
        page.IsTruncated === true
          ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
          : undefined;
    }
    return bytes;
  },
});

const list = (client: S3Client, Bucket: string, Prefix: string, next: object) =>
  client.send(new ListObjectVersionsCommand({ Bucket, Prefix, ...next }));
