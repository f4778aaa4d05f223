import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { aTenant } from "@tenantry/core/provisioning/testing";
import { storage as storagePart } from "@tenantry/local-cloud/engines/storage";
import { graphOf, startTestCloud } from "@tenantry/local-cloud/gateway/testing";
import { expect, test } from "vitest";
import { folderSizes } from "./storage-size.ts";

test("a tenant's folder weighs all its objects, page by page, and nobody else's", async () => {
  const cloud = await startTestCloud([storagePart]);
  try {
    const outputs = { bucket: "tenants" };
    await cloud.apply(graphOf({ type: "aws:s3/bucket:Bucket", name: "Tenants", inputs: {}, outputs }));
    const s3 = new S3Client({ ...cloud.client(), forcePathStyle: true });
    const put = (Key: string, bytes: number) =>
      s3.send(new PutObjectCommand({ Bucket: "tenants", Key, Body: Buffer.alloc(bytes) }));
    for (let n = 0; n < 1005; n += 67)
      await Promise.all(Array.from({ length: 67 }, (_, more) => put(`tenants/tenant-a/uploads/a & ${n + more}`, 10)));
    await put("tenants/tenant-a/exports/report", 123_456);
    await put("tenants/tenant-ab/uploads/x", 999);
    const storage = { bucket: "tenants", prefix: "tenants/tenant-a/", objects: [] };
    expect(await folderSizes(s3).bytes(aTenant({ resources: { storage } }))).toBe(10_050 + 123_456);
    expect(await folderSizes(s3).bytes(aTenant({ resources: {} }))).toBe(0);
  } finally {
    await cloud.close();
  }
});
