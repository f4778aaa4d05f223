import { Readable } from "node:stream";
import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { SNSClient, PublishCommand } from "@aws-sdk/client-sns";
import { GetQueueUrlCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { presign } from "../gateway/presign.testing.ts";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "../gateway/testing.ts";
import { storage } from "./storage.ts";

const Bucket = "tenant-data";
const queueArn = "arn:aws:sqs:us-east-1:123456789012:jobs";
const topicArn = "arn:aws:sns:us-east-1:123456789012:news";

const graph = graphOf(
  { type: "aws:s3/bucket:Bucket", name: "TenantData", inputs: {}, outputs: { bucket: Bucket } },
  {
    type: "aws:s3/bucketObjectv2:BucketObjectv2",
    name: "Hello",
    inputs: { bucket: Bucket, key: "seed/hello.txt", content: "hello", contentType: "text/plain" },
  },
  {
    type: "aws:s3/bucketPolicy:BucketPolicy",
    name: "TenantDataPolicy",
    inputs: {
      bucket: Bucket,
      policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Deny",
            Principal: "*",
            Action: "s3:*",
            Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
            Condition: { Bool: { "aws:SecureTransport": "false" } },
          },
          { Effect: "Deny", Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${Bucket}/locked/*` },
          {
            Effect: "Deny",
            Principal: "*",
            Action: "s3:ListBucket",
            Resource: `arn:aws:s3:::${Bucket}`,
            Condition: { StringLike: { "s3:prefix": "locked/*" } },
          },
          {
            Effect: "Allow",
            Principal: { AWS: "arn:aws:iam::123456789012:role/guest" },
            Action: "s3:GetObject",
            Resource: `arn:aws:s3:::${Bucket}/guests/*`,
          },
        ],
      }),
    },
  },
  roleOf("guest", []),
  {
    type: "aws:sqs/queue:Queue",
    name: "Jobs",
    inputs: { name: "jobs", visibilityTimeoutSeconds: 5 },
    outputs: { arn: queueArn },
  },
  { type: "aws:sns/topic:Topic", name: "News", inputs: { name: "news" }, outputs: { arn: topicArn } },
  {
    type: "aws:sns/topicSubscription:TopicSubscription",
    name: "Sub",
    inputs: { protocol: "sqs", topic: topicArn, endpoint: queueArn },
  },
  roleOf("lister", [
    {
      Effect: "Allow",
      Action: ["s3:GetObject", "s3:ListBucket"],
      Resource: [`arn:aws:s3:::${Bucket}`, `arn:aws:s3:::${Bucket}/*`],
    },
  ]),
  roleOf("acme", [
    { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: `arn:aws:s3:::${Bucket}/tenants/acme/*` },
    {
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: `arn:aws:s3:::${Bucket}`,
      Condition: { StringLike: { "s3:prefix": "tenants/acme/*" } },
    },
  ]),
);

const put = (Key: string, Body: string | Uint8Array = "x", more = {}) =>
  new PutObjectCommand({ Bucket, Key, Body, ...more });
const get = (Key: string) => new GetObjectCommand({ Bucket, Key });

describe("S3", () => {
  let cloud: TestCloud;
  let operator: S3Client;
  let acme: S3Client;
  beforeAll(async () => {
    cloud = await startTestCloud([storage]);
    await cloud.apply(graph);
    operator = new S3Client(cloud.client());
    acme = new S3Client(cloud.client("acme"));
  });
  afterAll(() => cloud.close());

  const text = async (key: string, client = operator): Promise<string> =>
    (await client.send(get(key))).Body?.transformToString() ?? "";

  test("the graph's bucket and objects are there, and stay when it is applied again", async () => {
    expect(await text("seed/hello.txt")).toBe("hello");
    await operator.send(put("kept.txt", "kept"));
    await cloud.apply(graph);
    expect(await text("kept.txt")).toBe("kept");
    await expect(operator.send(new GetBucketLocationCommand({ Bucket }))).resolves.toBeDefined();
  });

  test.for([
    "plain.txt",
    "with space & ampersand.txt",
    "plus+and=equals.txt",
    "日本語/ключ.txt",
    "percent%20literal.txt",
    "quote'(1)*!.txt",
    "a//double/slash",
  ])("keys survive as they are: %s", async (key) => {
    await operator.send(put(key, key));
    expect(await text(key)).toBe(key);
    const { Contents = [] } = await operator.send(new ListObjectsV2Command({ Bucket, Prefix: key }));
    expect(Contents.map((object) => object.Key)).toEqual([key]);
  });

  test("a key cannot climb out of its prefix", async () => {
    const climb = put("tenants/acme/../beta/x");
    await expect(acme.send(climb)).rejects.toMatchObject({ name: "AccessDenied" });
    await expect(operator.send(climb)).rejects.toMatchObject({ name: "InvalidURI" });
    const { Contents } = await operator.send(new ListObjectsV2Command({ Bucket, Prefix: "tenants/beta" }));
    expect(Contents).toBeUndefined();
  });

  test("metadata, type and bytes come back", async () => {
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, index) => index % 251);
    await operator.send(
      put("bytes", bytes, { ContentType: "application/x-www-form-urlencoded", Metadata: { who: "me" } }),
    );
    const back = await operator.send(get("bytes"));
    expect(back).toMatchObject({ ContentType: "application/x-www-form-urlencoded", Metadata: { who: "me" } });
    expect(Buffer.from((await back.Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
  });

  test.for(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const)(
    "a checksum of the client is verified: %s",
    async (algorithm) => {
      await operator.send(put(`sum-${algorithm}`, "content", { ChecksumAlgorithm: algorithm }));
      expect(await text(`sum-${algorithm}`)).toBe("content");
      const wrong = {
        CRC32: "AAAAAA==",
        CRC32C: "AAAAAA==",
        CRC64NVME: "AAAAAAAAAAA=",
        SHA1: `${"A".repeat(27)}=`,
        SHA256: `${"A".repeat(43)}=`,
      };
      const bad = put("bad", "content", { [`Checksum${algorithm}`]: wrong[algorithm] });
      await expect(operator.send(bad)).rejects.toMatchObject({ name: "BadDigest" });
    },
  );

  test("a stream of known length is uploaded in chunks with a trailer", async () => {
    const body = "streamed ".repeat(50_000);
    const stream = new PutObjectCommand({
      Bucket,
      Key: "stream",
      Body: Readable.from([body]),
      ContentLength: body.length,
    });
    await operator.send(stream);
    expect(await text("stream")).toBe(body);
  });

  test("listing folds folders and pages", async () => {
    for (const key of ["list/a/1", "list/a/2", "list/b/1", "list/c"]) await operator.send(put(key));
    const folded = await operator.send(new ListObjectsV2Command({ Bucket, Prefix: "list/", Delimiter: "/" }));
    expect(folded.CommonPrefixes?.map((one) => one.Prefix)).toEqual(["list/a/", "list/b/"]);
    expect(folded.Contents?.map((one) => one.Key)).toEqual(["list/c"]);
    const first = await operator.send(new ListObjectsV2Command({ Bucket, Prefix: "list/", MaxKeys: 3 }));
    const next = { Bucket, Prefix: "list/", ContinuationToken: first.NextContinuationToken };
    expect((await operator.send(new ListObjectsV2Command(next))).Contents?.map((one) => one.Key)).toEqual(["list/c"]);
  });

  test("If-None-Match writes once, also when ten write at the same time", async () => {
    const writes = Array.from({ length: 10 }, (_, index) =>
      operator.send(put("once", String(index), { IfNoneMatch: "*" })),
    );
    const results = await Promise.allSettled(writes);
    expect(results.filter((result) => result.status === "fulfilled")).toHaveLength(1);
    const refused = results.find((result) => result.status === "rejected");
    expect(refused?.reason).toMatchObject({ name: "PreconditionFailed", $metadata: { httpStatusCode: 412 } });
  });

  test("If-Match writes only over what was read", async () => {
    const { ETag } = await operator.send(put("match", "1"));
    await operator.send(put("match", "2", { IfMatch: ETag }));
    await expect(operator.send(put("match", "3", { IfMatch: ETag }))).rejects.toMatchObject({
      name: "PreconditionFailed",
    });
    expect(await text("match")).toBe("2");
  });

  test("a role reaches its own prefix and no other", async () => {
    await acme.send(put("tenants/acme/a.txt", "mine"));
    expect(await text("tenants/acme/a.txt", acme)).toBe("mine");
    const sentence =
      "User: arn:aws:sts::123456789012:assumed-role/acme/worker is not authorized to perform: s3:PutObject on resource: arn:aws:s3:::tenant-data/tenants/beta/a.txt because no identity-based policy allows the s3:PutObject action";
    await expect(acme.send(put("tenants/beta/a.txt"))).rejects.toMatchObject({
      name: "AccessDenied",
      message: sentence,
      $metadata: { httpStatusCode: 403 },
    });
    const list = (Prefix?: string) => acme.send(new ListObjectsV2Command({ Bucket, ...(Prefix ? { Prefix } : {}) }));
    await expect(list("tenants/acme/")).resolves.toMatchObject({ KeyCount: 1 });
    await expect(list("tenants/")).rejects.toMatchObject({ name: "AccessDenied" });
    await expect(list()).rejects.toMatchObject({ name: "AccessDenied" });
  });

  test("a key that is spelt as a pattern is a key", async () => {
    await expect(acme.send(put("tenants/*", "x"))).rejects.toMatchObject({ name: "AccessDenied" });
    await acme.send(put("tenants/acme/*?.txt", "x"));
  });

  test("who may not list hears 403 of what is missing, who may hears 404", async () => {
    const look = new HeadObjectCommand({ Bucket, Key: "tenants/acme/nothing" });
    await expect(acme.send(look)).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
    await expect(operator.send(look)).rejects.toMatchObject({ name: "NotFound" });
    const lister = new S3Client(cloud.client("lister"));
    await expect(lister.send(look)).rejects.toMatchObject({ name: "NotFound" });
  });

  test("copying needs the source's permission, deleting in bulk each key's", async () => {
    const copy = new CopyObjectCommand({ Bucket, Key: "tenants/acme/stolen", CopySource: `${Bucket}/kept.txt` });
    await expect(acme.send(copy)).rejects.toMatchObject({
      name: "AccessDenied",
      message: expect.stringContaining("s3:GetObject"),
    });
    const wipe = new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "kept.txt" }] } });
    await expect(acme.send(wipe)).rejects.toMatchObject({
      name: "AccessDenied",
      message: expect.stringContaining("s3:DeleteObject"),
    });
    await operator.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "plain.txt" }] } }));
    await expect(operator.send(new HeadObjectCommand({ Bucket, Key: "plain.txt" }))).rejects.toMatchObject({
      name: "NotFound",
    });
  });

  test("a presigned URL works until it expires, for what it was signed for", async () => {
    const url = (seconds: number, at = new Date()) =>
      presign(`${cloud.gateway.endpoint}/${Bucket}/seed/hello.txt`, { service: "s3", seconds, at });
    expect(await (await fetch(await url(60))).text()).toBe("hello");
    const late = await fetch(await url(60, new Date(Date.now() - 61_000)));
    expect([late.status, await late.text()]).toEqual([403, expect.stringContaining("Request has expired")]);
    const other = await fetch((await url(60)).replace("hello.txt", "other.txt"));
    expect([other.status, await other.text()]).toEqual([403, expect.stringContaining("SignatureDoesNotMatch")]);
    expect((await fetch(await url(60), { method: "PUT", body: "x" })).status).toBe(403);
    const longer = (await url(60)).replace("X-Amz-Expires=60", "X-Amz-Expires=600");
    expect((await fetch(longer)).status).toBe(403);
  });

  test.for([
    ["GetBucketPolicy", () => new GetBucketPolicyCommand({ Bucket })],
    [
      "PutBucketVersioning",
      () => new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }),
    ],
    ["PutObjectTagging", () => new PutObjectTaggingCommand({ Bucket, Key: "x", Tagging: { TagSet: [] } })],
    ["GetObjectVersionId", () => new GetObjectCommand({ Bucket, Key: "x", VersionId: "1" })],
    ["PutObject with x-amz-tagging", () => put("x", "x", { Tagging: "a=b" })],
    ["PutObject with x-amz-acl: public-read", () => put("x", "x", { ACL: "public-read" })],
  ] as const)("what is not there answers 501 by name: %s", async ([name, command]) => {
    await expect(operator.send(command() as PutObjectCommand)).rejects.toMatchObject({
      $metadata: { httpStatusCode: 501 },
      message: `The embedded cloud has no s3:${name}.`,
    });
  });

  test("a queue takes messages directly and from its topic, under the one account", async () => {
    const sqs = new SQSClient(cloud.client());
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: "jobs" }));
    expect(QueueUrl).toBe(`${cloud.gateway.endpoint}/123456789012/jobs`);
    const body = "about arn:aws:sqs:us-east-1:123456789012:jobs and :000000000000:";
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
    const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 });
    expect((await sqs.send(receive)).Messages?.map((message) => message.Body)).toEqual([body]);
    await new SNSClient(cloud.client()).send(new PublishCommand({ TopicArn: topicArn, Message: "news & more" }));
    const [news] = (await sqs.send(receive)).Messages ?? [];
    expect(JSON.parse(news?.Body ?? "{}")).toMatchObject({ Message: "news & more" });
  });

  test("objects survive a restart", async () => {
    await cloud.close({ keep: true });
    cloud = await startTestCloud([storage], cloud.host.data);
    await cloud.apply(graph);
    operator = new S3Client(cloud.client());
    expect(await text("kept.txt").catch(String)).toBe("kept");
  });
});

describe("a bucket's own policy", () => {
  let cloud: TestCloud;
  const reader = (role: string) => new S3Client({ ...cloud.client(role), forcePathStyle: true });
  const read = (role: string, Key: string) => reader(role).send(new GetObjectCommand({ Bucket, Key }));
  beforeAll(async () => {
    cloud = await startTestCloud([storage]);
    await cloud.apply(graph);
    const owner = new S3Client({ ...cloud.client(), forcePathStyle: true });
    for (const Key of ["locked/a", "guests/a", "open/a"])
      await owner.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
  });
  afterAll(() => cloud.close());

  test("denies what the role's policies allow, and says so", async () => {
    await expect(read("lister", "open/a")).resolves.toBeDefined();
    await expect(read("lister", "locked/a")).rejects.toMatchObject({
      name: "AccessDenied",
      message: expect.stringContaining("explicit deny in a resource-based policy"),
    });
  });

  test("denies by conditions that no other policy asks about", async () => {
    const list = (Prefix: string) => reader("lister").send(new ListObjectsV2Command({ Bucket, Prefix }));
    await expect(list("open/")).resolves.toMatchObject({ KeyCount: 1 });
    await expect(list("locked/")).rejects.toMatchObject({ name: "AccessDenied" });
  });

  test("allows a role of the account what no policy of its own does, and no more", async () => {
    await expect(read("guest", "guests/a")).resolves.toBeDefined();
    await expect(read("guest", "open/a")).rejects.toMatchObject({ name: "AccessDenied" });
  });
});
