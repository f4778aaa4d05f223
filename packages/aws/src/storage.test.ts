import { DescribeKeyCommand, KMSClient, paginateListAliases, paginateListKeys } from "@aws-sdk/client-kms";
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { aTenant } from "@tenantry/core/provisioning/testing";
import { storage as storagePart } from "@tenantry/local-cloud/engines/storage";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "@tenantry/local-cloud/gateway/testing";
import { kms } from "@tenantry/local-cloud/services/kms";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { tenantKeys } from "./kms.ts";
import { bucketStorage } from "./storage.ts";

const bucket = "tenant-data";
const alias = "alias/tenantry/test/";
const ours = { StringEquals: { "aws:ResourceTag/managed-by": "tenantry/test" } };

/** As the stacks have it for the tasks, so that an action too few shows here. */
const graph = graphOf(
  { type: "aws:s3/bucket:Bucket", name: "TenantData", inputs: {}, outputs: { bucket } },
  roleOf("storage", [
    {
      Effect: "Allow",
      Action: ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"],
      Resource: `arn:aws:s3:::${bucket}/tenants/*`,
    },
    { Effect: "Allow", Action: ["s3:ListBucket", "s3:ListBucketVersions"], Resource: `arn:aws:s3:::${bucket}` },
    {
      Effect: "Allow",
      Action: ["kms:CreateKey", "kms:TagResource"],
      Resource: "*",
      Condition: { StringEquals: { "aws:RequestTag/managed-by": "tenantry/test" } },
    },
    { Effect: "Allow", Action: ["kms:ListAliases", "kms:ListKeys"], Resource: "*" },
    { Effect: "Allow", Action: ["kms:DescribeKey", "kms:ListResourceTags"], Resource: "arn:aws:kms:*:*:key/*" },
    {
      Effect: "Allow",
      Action: ["kms:CreateAlias", "kms:DeleteAlias"],
      Resource: ["arn:aws:kms:*:*:key/*", "arn:aws:kms:*:*:alias/tenantry/test/tenant-*"],
    },
    {
      Effect: "Allow",
      Action: ["kms:GenerateDataKey", "kms:Decrypt", "kms:ScheduleKeyDeletion"],
      Resource: "arn:aws:kms:*:*:key/*",
      Condition: ours,
    },
  ]),
);

let cloud: TestCloud;
let operator: S3Client;
let keys: KMSClient;
let slug = "";
let turn = 0;

beforeAll(async () => {
  cloud = await startTestCloud([storagePart, kms]);
  await cloud.apply(graph);
  operator = new S3Client(cloud.client());
  keys = new KMSClient(cloud.client());
});
afterAll(() => cloud.close());
beforeEach(() => void (slug = `acme-${(turn += 1)}`));

const plane = () =>
  bucketStorage(
    bucket,
    tenantKeys(alias, new KMSClient(cloud.client("storage"))),
    new S3Client(cloud.client("storage")),
    10,
  );
const ask = (more: object = {}) => ({
  tenantId: "ten_A",
  slug,
  isolation: "pool" as const,
  prefix: `tenants/tenant-${slug}/`,
  objects: ["uploads/.keep", "exports/.keep"],
  ...more,
});
const tenant = (more: object = {}) => aTenant({ id: "ten_A", slug, ...more });
const put = (Key: string, Metadata?: Record<string, string>) =>
  operator.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "dear", Metadata }));
const list = async (Prefix: string) =>
  ((await operator.send(new ListObjectsV2Command({ Bucket: bucket, Prefix }))).Contents ?? []).map(({ Key }) => Key);

/** Keys that are not on their way out, and every alias. */
const keysLeft = async () => {
  const left: string[] = [];
  for await (const { Keys = [] } of paginateListKeys({ client: keys }, {}))
    for (const { KeyId } of Keys) {
      const { KeyMetadata } = await keys.send(new DescribeKeyCommand({ KeyId }));
      if (KeyMetadata?.KeyState === "Enabled") left.push(KeyMetadata.Arn!);
    }
  for await (const { Aliases = [] } of paginateListAliases({ client: keys }, {}))
    left.push(...Aliases.map(({ AliasName }) => AliasName!));
  return left;
};

describe("a folder", () => {
  test("is made once, and what lies in it stays", async () => {
    const prefix = `tenants/tenant-${slug}/`;
    const expected = { bucket, prefix, objects: [`${prefix}uploads/.keep`, `${prefix}exports/.keep`] };
    expect(await plane().ensure(ask())).toEqual(expected);
    await put(`${prefix}uploads/letter.txt`);
    expect(await Promise.all([plane().ensure(ask()), plane().ensure(ask())])).toEqual([expected, expected]);
    expect(await list(prefix)).toHaveLength(3);
    const letter = await operator.send(new GetObjectCommand({ Bucket: bucket, Key: `${prefix}uploads/letter.txt` }));
    expect(await letter.Body?.transformToString()).toBe("dear");
  });

  test.for([
    ["another tenant's", { "tenant-id": "ten_B" }],
    ["nobody's", undefined],
  ] as const)("is refused where %s object lies, and costs no key", async ([, owner]) => {
    const before = await keysLeft();
    await put(`tenants/tenant-${slug}/uploads/.keep`, owner);
    await expect(plane().ensure(ask({ isolation: "silo" }))).rejects.toMatchObject({ name: "NameTaken" });
    expect(await keysLeft()).toEqual(before);
  });
});

describe("a key of its own", () => {
  test("is made once, even by three at once, and encrypts what is made", async () => {
    const before = await keysLeft();
    const made = await Promise.all([1, 2, 3].map(() => plane().ensure(ask({ isolation: "silo" }))));
    made.push(await plane().ensure(ask({ isolation: "silo" })));
    const arn = made[0]!.kms_key_arn!;
    expect(new Set(made.map((one) => one.kms_key_arn))).toEqual(new Set([arn]));
    expect((await keysLeft()).filter((key) => !before.includes(key))).toEqual([arn, `${alias}tenant-${slug}`]);
    for (const Key of made[0]!.objects)
      expect((await operator.send(new HeadObjectCommand({ Bucket: bucket, Key }))).SSEKMSKeyId).toBe(arn);
    await plane().release(tenant());
  });

  test("of another tenant is not taken over", async () => {
    await plane().ensure(ask({ isolation: "silo", tenantId: "ten_B" }));
    const mine = tenantKeys(alias, new KMSClient(cloud.client("storage")));
    await expect(mine.ensure({ tenantId: "ten_A", slug })).rejects.toMatchObject({ name: "NameTaken" });
    await plane().release(tenant({ id: "ten_B" }));
  });

  test("that a run lost before it had a name is found again, and released too", async () => {
    const before = await keysLeft();
    const lost = new KMSClient({ ...cloud.client("storage"), maxAttempts: 1 });
    lost.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName === "CreateAliasCommand") throw new Error("killed");
          return next(args);
        },
      { step: "initialize" },
    );
    const half = bucketStorage(bucket, tenantKeys(alias, lost), new S3Client(cloud.client("storage")));
    await expect(half.ensure(ask({ isolation: "silo" }))).rejects.toThrow("killed");
    const [orphan] = (await keysLeft()).filter((key) => !before.includes(key));
    expect((await plane().ensure(ask({ isolation: "silo" }))).kms_key_arn).toBe(orphan);
    await plane().release(tenant());

    await expect(half.ensure(ask({ isolation: "silo" }))).rejects.toThrow("killed");
    await plane().release(tenant());
    expect(await keysLeft()).toEqual(before);
  });

  test("that one call made twice is one in the end", async () => {
    const before = await keysLeft();
    const stuttering = new KMSClient(cloud.client("storage"));
    stuttering.middlewareStack.add(
      (next, { commandName }) =>
        async (args) => {
          if (commandName === "CreateKeyCommand") await next(args);
          return next(args);
        },
      { step: "initialize" },
    );
    const twice = bucketStorage(bucket, tenantKeys(alias, stuttering), new S3Client(cloud.client("storage")));
    const arn = (await twice.ensure(ask({ isolation: "silo" }))).kms_key_arn!;
    expect((await keysLeft()).filter((key) => !before.includes(key))).toEqual([arn, `${alias}tenant-${slug}`]);
    await plane().release(tenant());
  });
});

describe("release", () => {
  test("empties the folder, whatever lies in it, and no other", async () => {
    await plane().ensure(ask({ isolation: "silo" }));
    const neighbours = [`tenants/tenant-${slug}-b/uploads/.keep`, `tenants/tenant-${slug}x`, `other/tenant-${slug}/a`];
    for (const Key of neighbours) await put(Key);
    await Promise.all(Array.from({ length: 35 }, (_, n) => put(`tenants/tenant-${slug}/uploads/${n} ä&<.txt`)));
    const before = await keysLeft();
    await plane().release(tenant());
    expect(await list(`tenants/tenant-${slug}/`)).toEqual([]);
    expect((await Promise.all(neighbours.map(list))).flat()).toHaveLength(3);
    expect(before.length - (await keysLeft()).length).toBe(2);
  });

  test("of what was never made, or twice, changes nothing", async () => {
    const before = await keysLeft();
    await plane().release(tenant());
    await plane().ensure(ask({ isolation: "silo" }));
    await Promise.all([plane().release(tenant()), plane().release(tenant())]);
    await plane().release(tenant());
    expect(await keysLeft()).toEqual(before);
    expect((await plane().ensure(ask({ isolation: "silo" }))).kms_key_arn).toBeDefined();
    await plane().release(tenant());
  });

  test("leaves a folder and a key that are another tenant's", async () => {
    const theirs = await plane().ensure(ask({ isolation: "silo", tenantId: "ten_B" }));
    await put(`${theirs.prefix}uploads/letter.txt`);
    const before = await keysLeft();
    await plane().release(tenant());
    expect(await list(theirs.prefix)).toHaveLength(3);
    expect(await keysLeft()).toEqual(before);
  });
});
