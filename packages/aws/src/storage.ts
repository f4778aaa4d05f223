import { HeadObjectCommand, NotFound, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { ProvisioningError } from "@tenantry/core/provisioning/errors";
import type { Storage } from "@tenantry/core/provisioning/ports";

/** Object metadata, `x-amz-meta-tenant-id`. */
const ownerKey = "tenant-id";

/** Tenants' folders in one bucket. Each object made here carries its tenant's id, so that a folder tells whose it is. */
export const bucketStorage = (bucket: string, client = new S3Client({})): Storage => ({
  async ensure({ tenantId, prefix, objects }) {
    const keys = objects.map((object) => `${prefix}${object}`);
    await Promise.all(keys.map((key) => ensureObject(client, bucket, key, tenantId)));
    return { bucket, prefix, objects: keys };
  },
  async release(tenant) {
    throw new ProvisioningError("ReleaseMissing", `The storage of ${tenant.id} cannot be released.`);
  },
});

const ensureObject = async (client: S3Client, bucket: string, key: string, tenantId: string): Promise<void> => {
  const owner = await ownerOf(client, bucket, key);
  if (owner === tenantId) return;
  if (owner !== undefined)
    throw new ProvisioningError("NameTaken", `The object ${key} exists in ${bucket} and is not this tenant's.`);
  await client.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: new Uint8Array(),
      ContentType: "application/octet-stream",
      Metadata: { [ownerKey]: tenantId },
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
