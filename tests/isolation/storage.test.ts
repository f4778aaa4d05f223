import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { AwsClient } from "aws4fetch";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { operator, send, signIn } from "../support/api.ts";
import { ready } from "../support/ready.ts";
import { aTenantWithOwner } from "../support/owners.ts";

// Each cell is tried against the embedded S3, where the gateway judges every call by the deployed role's own policy.
// It cannot decide two things, which S3 itself does: the bucket's policy (TLS only), and a DeleteObjects of which some
// keys are allowed and others not, which S3 answers key by key and the embedded cloud refuses whole.

type Credentials = {
  access_key_id: string;
  secret_access_key: string;
  session_token: string;
  expires_at: string;
  bucket: string;
  prefix: string;
  region: string;
  kms_key_arn: string | null;
};

let admin = "";
let mine: Credentials;
let theirs: Credentials;
let tenantId = "";
let s3: S3Client;
let root: S3Client;

const run = Date.now().toString(36);
const credentialsOf = async (id: string, body: object = {}) =>
  send(ready(), "POST", `/admin/tenants/${id}/storage-credentials`, { token: admin, body });
const clientOf = ({ access_key_id, secret_access_key, session_token }: Credentials) =>
  new S3Client({
    ...operator(ready()),
    credentials: { accessKeyId: access_key_id, secretAccessKey: secret_access_key, sessionToken: session_token },
    forcePathStyle: true,
    maxAttempts: 1,
  });

beforeAll(async () => {
  admin = await signIn(ready());
  const [a, b] = await Promise.all([
    aTenantWithOwner(ready(), admin, `Files A ${run}`, "standard"),
    aTenantWithOwner(ready(), admin, `Files B ${run}`, "standard"),
  ]);
  tenantId = a.id;
  mine = (await credentialsOf(a.id)).body;
  theirs = (await credentialsOf(b.id)).body;
  s3 = clientOf(mine);
  root = new S3Client({ ...operator(ready()), forcePathStyle: true });
  await root.send(
    new PutObjectCommand({ Bucket: theirs.bucket, Key: `${theirs.prefix}uploads/secret`, Body: "theirs" }),
  );
});

const Bucket = () => mine.bucket;
const own = (name = "uploads/letter") => `${mine.prefix}${name}`;
const other = (name = "uploads/secret") => `${theirs.prefix}${name}`;
const secretStands = async () => {
  const { Body } = await root.send(new GetObjectCommand({ Bucket: Bucket(), Key: other() }));
  return (await Body?.transformToString()) === "theirs";
};

test("own files can be written, read, listed, copied, uploaded in parts and deleted", async () => {
  await s3.send(new PutObjectCommand({ Bucket: Bucket(), Key: own(), Body: "dear" }));
  await s3.send(
    new CopyObjectCommand({ Bucket: Bucket(), Key: own("exports/copy"), CopySource: `${Bucket()}/${own()}` }),
  );
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: Bucket(), Key: own("exports/copy") }));
  expect(await Body?.transformToString()).toBe("dear");
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: Bucket(), Key: own("big") }));
  const part = { Bucket: Bucket(), Key: own("big"), UploadId };
  const { ETag } = await s3.send(new UploadPartCommand({ ...part, PartNumber: 1, Body: "1" }));
  await s3.send(new CompleteMultipartUploadCommand({ ...part, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }));
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: Bucket(), Prefix: mine.prefix }));
  expect(Contents.map(({ Key }) => Key)).toContain(own("big"));
  const Objects = ["big", "exports/copy", "uploads/letter"].map((name) => ({ Key: own(name) }));
  await s3.send(new DeleteObjectsCommand({ Bucket: Bucket(), Delete: { Objects } }));
  await s3.send(new DeleteObjectCommand({ Bucket: Bucket(), Key: own("nothing") }));
});

describe("on another tenant's files", () => {
  const refused: readonly [what: string, call: () => Promise<unknown>][] = [
    ["get", () => s3.send(new GetObjectCommand({ Bucket: Bucket(), Key: other() }))],
    ["put", () => s3.send(new PutObjectCommand({ Bucket: Bucket(), Key: other(), Body: "mine" }))],
    ["put a new one", () => s3.send(new PutObjectCommand({ Bucket: Bucket(), Key: other("new"), Body: "mine" }))],
    ["delete", () => s3.send(new DeleteObjectCommand({ Bucket: Bucket(), Key: other() }))],
    [
      "copy from",
      () => s3.send(new CopyObjectCommand({ Bucket: Bucket(), Key: own("x"), CopySource: `${Bucket()}/${other()}` })),
    ],
    [
      "copy from, written with escapes",
      () =>
        s3.send(
          new CopyObjectCommand({
            Bucket: Bucket(),
            Key: own("x"),
            CopySource: `/${Bucket()}/${other().replaceAll("e", "%65")}`,
          }),
        ),
    ],
    [
      "copy to",
      () =>
        s3.send(
          new CopyObjectCommand({
            Bucket: Bucket(),
            Key: other("x"),
            CopySource: `${Bucket()}/${own("uploads/.keep")}`,
          }),
        ),
    ],
    ["list their folder", () => s3.send(new ListObjectsV2Command({ Bucket: Bucket(), Prefix: theirs.prefix }))],
    ["list everything", () => s3.send(new ListObjectsV2Command({ Bucket: Bucket() }))],
    ["list an empty prefix", () => s3.send(new ListObjectsV2Command({ Bucket: Bucket(), Prefix: "" }))],
    [
      "list all folders",
      () => s3.send(new ListObjectsV2Command({ Bucket: Bucket(), Prefix: "tenants/", Delimiter: "/" })),
    ],
    [
      "list by the beginning of a name",
      () => s3.send(new ListObjectsV2Command({ Bucket: Bucket(), Prefix: mine.prefix.slice(0, -1) })),
    ],
    [
      "list a prefix that climbs",
      () => s3.send(new ListObjectsV2Command({ Bucket: Bucket(), Prefix: `${mine.prefix.slice(0, -1)}*` })),
    ],
    ["list versions", () => s3.send(new ListObjectVersionsCommand({ Bucket: Bucket(), Prefix: theirs.prefix }))],
    [
      "begin an upload in parts",
      () => s3.send(new CreateMultipartUploadCommand({ Bucket: Bucket(), Key: other("x") })),
    ],
    [
      "delete in bulk",
      () => s3.send(new DeleteObjectsCommand({ Bucket: Bucket(), Delete: { Objects: [{ Key: other() }] } })),
    ],
    [
      "delete in bulk by version",
      () =>
        s3.send(
          new DeleteObjectsCommand({ Bucket: Bucket(), Delete: { Objects: [{ Key: other(), VersionId: "null" }] } }),
        ),
    ],
    [
      "delete in bulk among own",
      () =>
        s3.send(
          new DeleteObjectsCommand({ Bucket: Bucket(), Delete: { Objects: [{ Key: own("x") }, { Key: other() }] } }),
        ),
    ],
    [
      "become them",
      () =>
        new STSClient({
          ...operator(ready()),
          credentials: {
            accessKeyId: mine.access_key_id,
            secretAccessKey: mine.secret_access_key,
            sessionToken: mine.session_token,
          },
        }).send(
          new AssumeRoleCommand({
            RoleArn: "arn:aws:iam::123456789012:role/tenantry-local-tenant-data",
            RoleSessionName: "me",
            Tags: [{ Key: "tenant", Value: theirs.prefix.split("/")[1] }],
          }),
        ),
    ],
  ];
  test.for(refused)("%s is refused", async ([, call]) => {
    await expect(call()).rejects.toMatchObject({ name: "AccessDenied" });
    expect(await secretStands()).toBe(true);
  });

  test("head tells nothing", async () => {
    for (const Key of [other(), other("nothing")])
      await expect(s3.send(new HeadObjectCommand({ Bucket: Bucket(), Key }))).rejects.toMatchObject({
        $metadata: { httpStatusCode: 403 },
      });
  });

  test("parts cannot be added, copied into, completed or aborted in their upload", async () => {
    const them = clientOf(theirs);
    const { UploadId } = await them.send(new CreateMultipartUploadCommand({ Bucket: Bucket(), Key: other("big") }));
    const part = { Bucket: Bucket(), Key: other("big"), UploadId };
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag: "x" }] };
    for (const call of [
      () => s3.send(new UploadPartCommand({ ...part, PartNumber: 1, Body: "x" })),
      () =>
        s3.send(
          new UploadPartCopyCommand({ ...part, PartNumber: 1, CopySource: `${Bucket()}/${own("uploads/.keep")}` }),
        ),
      () => s3.send(new CompleteMultipartUploadCommand({ ...part, MultipartUpload })),
      () => s3.send(new AbortMultipartUploadCommand(part)),
    ])
      await expect(call()).rejects.toMatchObject({ name: "AccessDenied" });
    const { UploadId: id } = await s3.send(new CreateMultipartUploadCommand({ Bucket: Bucket(), Key: own("big") }));
    const copied = {
      Bucket: Bucket(),
      Key: own("big"),
      UploadId: id,
      PartNumber: 1,
      CopySource: `${Bucket()}/${other()}`,
    };
    await expect(s3.send(new UploadPartCopyCommand(copied))).rejects.toMatchObject({ name: "AccessDenied" });
    await them.send(new AbortMultipartUploadCommand(part));
    await s3.send(new AbortMultipartUploadCommand({ Bucket: Bucket(), Key: own("big"), UploadId: id }));
  });

  test("a presigned URL opens no more than its maker's credentials", async () => {
    const aws = new AwsClient({
      accessKeyId: mine.access_key_id,
      secretAccessKey: mine.secret_access_key,
      sessionToken: mine.session_token,
      service: "s3",
      region: mine.region,
    });
    const open = async (key: string, method = "GET") => {
      const { url } = await aws.sign(`${ready().aws_endpoint_url}/${Bucket()}/${key}?X-Amz-Expires=60`, {
        method,
        aws: { signQuery: true },
      });
      return (await fetch(url, { method })).status;
    };
    expect(await open(own("uploads/.keep"))).toBe(200);
    for (const method of ["GET", "PUT", "DELETE"]) expect(await open(other(), method)).toBe(403);
    expect(await secretStands()).toBe(true);
  });
});

describe("credentials", () => {
  test("live for as long as was asked, at most an hour, and say where they lead", async () => {
    const { status, body, headers } = await credentialsOf(tenantId, { duration_seconds: 900 });
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(Math.abs(Date.parse(body.expires_at) - Date.now() - 900_000)).toBeLessThan(20_000);
    expect(body).toMatchObject({ bucket: Bucket(), prefix: mine.prefix, region: ready().region, kms_key_arn: null });
  });

  test.for([899, 3601, 1.5, "900", null])("for %s seconds are refused", async (duration_seconds) => {
    expect(await credentialsOf(tenantId, { duration_seconds })).toMatchObject({
      status: 400,
      body: { type: "/problems/invalid-request" },
    });
  });

  test("leave no secret in any log", () => {
    const folder = join(ready().data, "logs");
    const logs = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
    expect(logs.length).toBeGreaterThan(1);
    for (const text of logs) {
      expect(text).not.toContain(mine.secret_access_key);
      expect(text).not.toContain(mine.session_token);
    }
  });
});

test("a premium tenant's files lie under its own key and can be written under no other", async () => {
  const silo = await aTenantWithOwner(ready(), admin, `Files P ${run}`, "premium");
  const credentials: Credentials = (await credentialsOf(silo.id)).body;
  const client = clientOf(credentials);
  const target = { Bucket: Bucket(), Key: `${credentials.prefix}uploads/a`, Body: "x" };
  const key = credentials.kms_key_arn!;
  expect(key).toMatch(/^arn:aws:kms:/);
  const sse = { ServerSideEncryption: "aws:kms" as const, SSEKMSKeyId: key };
  await client.send(new PutObjectCommand({ ...target, ...sse }));
  expect(await client.send(new HeadObjectCommand({ Bucket: Bucket(), Key: target.Key }))).toMatchObject(sse);
  await expect(client.send(new PutObjectCommand(target))).rejects.toMatchObject({ name: "AccessDenied" });
  await expect(s3.send(new PutObjectCommand({ ...target, Key: own("x"), ...sse }))).rejects.toMatchObject({
    name: "AccessDenied",
  });
});
