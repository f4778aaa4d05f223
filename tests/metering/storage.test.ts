import { randomUUID } from "node:crypto";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import { invoke } from "../support/billing.ts";
import { onboard, operator, poll, send, signIn } from "../support/api.ts";
import { ready } from "../support/ready.ts";

// From a tenant's files and rows, by the deployed sampler, the stream and the consumer, to the usage answer.

test("what a tenant keeps is a sample of the hour, however often the hour is sampled", async () => {
  const token = await signIn(ready());
  const { operation } = await onboard(ready(), token, { name: `Keeper ${randomUUID()}`, tier: "standard" });
  const id = operation.tenant_id as string;
  const { body: tenant } = await send(ready(), "GET", `/admin/tenants/${id}`, { token });
  const { bucket, prefix } = tenant.resources.storage as { bucket: string; prefix: string };
  const s3 = new S3Client({ ...operator(ready()), forcePathStyle: true });
  const upload = (Key: string, bytes: number) =>
    s3.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}uploads/${Key}`, Body: Buffer.alloc(bytes) }));
  await upload("one", 3_000_000);
  await upload("two", 4_500_000);

  const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
  const range = `from=${new Date(hour).toISOString()}&to=${new Date(hour + 3_600_000).toISOString()}`;
  const read = async () => {
    const path = `/admin/tenants/${id}/usage?metric=storage_gb&window=hour&${range}`;
    const { status, body, text } = await send(ready(), "GET", path, { token });
    if (status !== 200) throw new Error(text);
    return body.buckets as { value: string; count: number }[];
  };
  // It fails when any tenant cannot be weighed; other tests may have taken one apart.
  await invoke(ready(), /SampleStorage/).catch(() => undefined);
  const [bucketOf] = await poll(read, (buckets) => (buckets[0]?.count ?? 0) > 0);
  expect(bucketOf?.count).toBe(1);
  // 7.5 MB of files; a row of the shared database is a hundred bytes, which is nothing in thousands of them.
  expect(bucketOf?.value).toBe("0.0075");

  // The files grow, and the hour is sampled again: it has its sample.
  await upload("three", 50_000_000);
  // It fails when any tenant cannot be weighed; other tests may have taken one apart.
  await invoke(ready(), /SampleStorage/).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 5000));
  expect(await read()).toEqual([bucketOf]);
  s3.destroy();
});
