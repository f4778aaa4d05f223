import {
  DeleteObjectsCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  NotFound,
  type ObjectIdentifier,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { ProvisioningError, TransientError } from "@tenantry/core/provisioning/errors";
import { planeNames } from "@tenantry/core/provisioning/names";
import type { Storage } from "@tenantry/core/provisioning/ports";
import { folderMarkers } from "@tenantry/core/provisioning/provision-storage";
import type { TenantKeys } from "./kms.ts";

/** Object metadata, `x-amz-meta-tenant-id`. */
const ownerKey = "tenant-id";

/** Pages that one release takes; what is left is another try's. */
const pagesAtOnce = 200;

/** Tenants' folders in one bucket. Each object made here carries its tenant's id, so that a folder tells whose it is. */
export const bucketStorage = (
  bucket: string,
  keys: TenantKeys,
  client = new S3Client({}),
  /** How many objects to delete in one call; at most a thousand. */
  pageSize = 1000,
): Storage => ({
  async ensure({ tenantId, slug, isolation, prefix, objects }) {
    const names = objects.map((object) => `${prefix}${object}`);
    // Looked at first: a folder of somebody else's must not cost a key.
    const missing = await withoutOwner(client, bucket, names, tenantId);
    const key = isolation === "silo" ? await keys.ensure({ tenantId, slug }) : undefined;
    await Promise.all(missing.map((name) => putMarker(client, bucket, name, tenantId, key)));
    return { bucket, prefix, objects: names, ...(key === undefined ? {} : { kms_key_arn: key }) };
  },

  async release({ id, slug }) {
    const { prefix } = planeNames(slug);
    const markers = folderMarkers.map((marker) => `${prefix}${marker}`);
    const owners = await Promise.all(markers.map((marker) => ownerOf(client, bucket, marker)));
    if (owners.every((owner) => owner === undefined || owner === id)) await empty(client, bucket, prefix, pageSize);
    else {
      // The folder was somebody else's before: only what this tenant put there is taken away.
      const mine = markers.filter((_, at) => owners[at] === id);
      for (const marker of mine) await empty(client, bucket, marker, pageSize);
    }
    await keys.release({ tenantId: id, slug });
  },
});

/** @throws ProvisioningError `NameTaken` if one of them is another's. */
const withoutOwner = async (client: S3Client, bucket: string, names: readonly string[], tenantId: string) => {
  const owners = await Promise.all(names.map((name) => ownerOf(client, bucket, name)));
  const taken = names.find((_, at) => owners[at] !== undefined && owners[at] !== tenantId);
  if (taken !== undefined)
    throw new ProvisioningError("NameTaken", `The object ${taken} exists in ${bucket} and is not this tenant's.`);
  return names.filter((_, at) => owners[at] === undefined);
};

const putMarker = async (client: S3Client, bucket: string, name: string, tenantId: string, key: string | undefined) => {
  await client.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: name,
      Body: new Uint8Array(),
      ContentType: "application/octet-stream",
      Metadata: { [ownerKey]: tenantId },
      ...(key === undefined ? {} : { ServerSideEncryption: "aws:kms", SSEKMSKeyId: key }),
    }),
  );
};

/** Undefined when there is no such object; null when it does not say whose it is. */
const ownerOf = async (client: S3Client, bucket: string, key: string): Promise<string | null | undefined> => {
  try {
    const { Metadata } = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
    return Metadata?.[ownerKey] ?? null;
  } catch (error) {
    if (error instanceof NotFound) return undefined;
    throw error;
  }
};

/**
 * Deletes every version and every delete marker under the prefix, page by page.
 * @throws TransientError when there is more than one run may take.
 */
const empty = async (client: S3Client, bucket: string, prefix: string, pageSize: number): Promise<void> => {
  for (let page = 0; page < pagesAtOnce; page++) {
    const { Versions = [], DeleteMarkers = [] } = await client.send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, MaxKeys: pageSize }),
    );
    const found = [...Versions, ...DeleteMarkers].flatMap(({ Key, VersionId }): ObjectIdentifier[] =>
      Key?.startsWith(prefix) === true ? [{ Key, VersionId }] : [],
    );
    if (found.length === 0) return;
    const { Errors = [] } = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: found, Quiet: true } }),
    );
    const [error] = Errors;
    if (error !== undefined) throw new TransientError(`${error.Key} cannot be deleted: ${error.Code}.`);
  }
  throw new TransientError(`More than ${pagesAtOnce} pages of objects lie under ${prefix}; deleting goes on.`);
};
