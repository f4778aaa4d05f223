import { createPublicKey, verify } from "node:crypto";
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  ListAliasesCommand,
  ListGrantsCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  VerifyCommand,
} from "@aws-sdk/client-kms";
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { storage } from "../engines/storage.ts";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "../gateway/testing.ts";
import { kms } from "./kms.ts";

const Bucket = "data";
let cloud: TestCloud;
let keys: KMSClient;
let s3: S3Client;

beforeAll(async () => {
  cloud = await startTestCloud([kms, storage]);
  await cloud.apply(
    graphOf(
      { type: "aws:s3/bucket:Bucket", name: "Data", inputs: {}, outputs: { bucket: Bucket } },
      roleOf("acme", [
        { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: `arn:aws:s3:::${Bucket}/*` },
        {
          Effect: "Allow",
          Action: ["kms:GenerateDataKey", "kms:Decrypt"],
          Resource: "arn:aws:kms:us-east-1:123456789012:key/*",
          Condition: { StringEquals: { "aws:ResourceTag/tenant": "acme" } },
        },
      ]),
      roleOf("archivist", [
        {
          Effect: "Allow",
          Action: ["kms:GenerateDataKey", "kms:Decrypt"],
          Resource: "arn:aws:kms:us-east-1:123456789012:key/*",
          Condition: { StringEquals: { "kms:EncryptionContext:purpose": "archive" } },
        },
      ]),
    ),
  );
  keys = new KMSClient(cloud.client());
  s3 = new S3Client({ ...cloud.client(), forcePathStyle: true });
});
afterAll(() => cloud.close());

const aKey = async (tenant = "acme") =>
  (await keys.send(new CreateKeyCommand({ Tags: [{ TagKey: "tenant", TagValue: tenant }] }))).KeyMetadata!;
const text = new TextEncoder().encode("secret");

describe("a key", () => {
  test("encrypts what only it decrypts, in the same context", async () => {
    const { KeyId } = await aKey();
    const EncryptionContext = { purpose: "test" };
    const { CiphertextBlob } = await keys.send(new EncryptCommand({ KeyId, Plaintext: text, EncryptionContext }));
    const { Plaintext } = await keys.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect(new TextDecoder().decode(Plaintext)).toBe("secret");
    for (const other of [
      { CiphertextBlob },
      { CiphertextBlob: CiphertextBlob!.map((byte, at) => (at === 60 ? byte ^ 1 : byte)), EncryptionContext },
    ])
      await expect(keys.send(new DecryptCommand(other))).rejects.toMatchObject({ name: "InvalidCiphertextException" });
    const data = await keys.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256" }));
    expect(data.Plaintext).toHaveLength(32);
    expect((await keys.send(new DecryptCommand({ CiphertextBlob: data.CiphertextBlob }))).Plaintext).toEqual(
      data.Plaintext,
    );
  });

  test("is judged by the encryption context that the caller names", async () => {
    const { KeyId } = await aKey();
    const archivist = new KMSClient(cloud.client("archivist"));
    const EncryptionContext = { purpose: "archive", of: "2026" };
    const made = await archivist.send(new GenerateDataKeyCommand({ KeyId, KeySpec: "AES_256", EncryptionContext }));
    const { CiphertextBlob } = made;
    const decrypted = await archivist.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
    expect(decrypted.Plaintext).toEqual(made.Plaintext);
    for (const other of [undefined, { of: "archive" }, { purpose: "other" }]) {
      const asked = { KeyId, KeySpec: "AES_256" as const, ...(other && { EncryptionContext: other }) };
      await expect(archivist.send(new GenerateDataKeyCommand(asked))).rejects.toMatchObject({
        name: "AccessDeniedException",
      });
    }
  });

  test("has aliases, each of one key, until they are deleted", async () => {
    const [one, two] = [await aKey(), await aKey()];
    const AliasName = "alias/tenantry/test/acme";
    await keys.send(new CreateAliasCommand({ AliasName, TargetKeyId: one.KeyId }));
    const taken = keys.send(new CreateAliasCommand({ AliasName, TargetKeyId: two.KeyId }));
    await expect(taken).rejects.toMatchObject({ name: "AlreadyExistsException" });
    expect((await keys.send(new DescribeKeyCommand({ KeyId: AliasName }))).KeyMetadata?.Arn).toBe(one.Arn);
    expect((await keys.send(new ListAliasesCommand({ KeyId: one.KeyId }))).Aliases).toMatchObject([{ AliasName }]);
    await keys.send(new DeleteAliasCommand({ AliasName }));
    await expect(keys.send(new DescribeKeyCommand({ KeyId: AliasName }))).rejects.toMatchObject({
      name: "NotFoundException",
    });
  });

  test("that waits for its deletion neither encrypts nor decrypts", async () => {
    const { KeyId } = await aKey();
    const { CiphertextBlob } = await keys.send(new EncryptCommand({ KeyId, Plaintext: text }));
    await keys.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    for (const call of [new EncryptCommand({ KeyId, Plaintext: text }), new DecryptCommand({ CiphertextBlob })])
      await expect(keys.send(call as EncryptCommand)).rejects.toMatchObject({ name: "KMSInvalidStateException" });
    expect((await keys.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState).toBe("PendingDeletion");
  });

  test("has no grants: that is said, not pretended", async () => {
    const { KeyId } = await aKey();
    await expect(keys.send(new ListGrantsCommand({ KeyId }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 501 },
    });
  });
});

describe("an object under a key", () => {
  const under = (SSEKMSKeyId: string | undefined) => ({
    Bucket,
    ServerSideEncryption: "aws:kms" as const,
    SSEKMSKeyId,
  });

  test("says so ever after, also when it came in parts", async () => {
    const { Arn, KeyId } = await aKey();
    expect(await s3.send(new PutObjectCommand({ ...under(KeyId), Key: "one", Body: "1" }))).toMatchObject({
      SSEKMSKeyId: Arn,
    });
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...under(KeyId), Key: "two" }));
    const part = { Bucket, Key: "two", UploadId };
    const { ETag } = await s3.send(new UploadPartCommand({ ...part, PartNumber: 1, Body: "2" }));
    await s3.send(
      new CompleteMultipartUploadCommand({ ...part, MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] } }),
    );
    for (const Key of ["one", "two"])
      expect(await s3.send(new HeadObjectCommand({ Bucket, Key }))).toMatchObject({
        ServerSideEncryption: "aws:kms",
        SSEKMSKeyId: Arn,
      });
    await s3.send(new PutObjectCommand({ Bucket, Key: "one", Body: "plain" }));
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: "one" }))).SSEKMSKeyId).toBeUndefined();
  });

  test("cannot be written under a key that is not there, nor read under one that goes", async () => {
    const absent = s3.send(
      new PutObjectCommand({ ...under("11111111-2222-3333-4444-555555555555"), Key: "x", Body: "x" }),
    );
    await expect(absent).rejects.toMatchObject({ name: "KMS.NotFoundException" });
    const { KeyId } = await aKey();
    await s3.send(new PutObjectCommand({ ...under(KeyId), Key: "gone", Body: "x" }));
    await keys.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }));
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: "gone" }))).rejects.toMatchObject({
      name: "KMS.KMSInvalidStateException",
    });
  });

  test("needs the caller's permission on the key, by the key's tags", async () => {
    const [mine, theirs] = [await aKey("acme"), await aKey("other")];
    const acme = new S3Client({ ...cloud.client("acme"), forcePathStyle: true });
    await acme.send(new PutObjectCommand({ ...under(mine.KeyId), Key: "mine", Body: "x" }));
    await expect(
      acme.send(new PutObjectCommand({ ...under(theirs.KeyId), Key: "theirs", Body: "x" })),
    ).rejects.toMatchObject({ name: "AccessDenied" });
    await s3.send(new PutObjectCommand({ ...under(theirs.KeyId), Key: "theirs", Body: "x" }));
    await expect(acme.send(new GetObjectCommand({ Bucket, Key: "theirs" }))).rejects.toMatchObject({
      name: "AccessDenied",
    });
  });
});

test("versions are listed page by page, and deleted by their name", async () => {
  const keysOf = async () => {
    const found: string[] = [];
    let KeyMarker: string | undefined;
    do {
      const page = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: "v/", MaxKeys: 2, KeyMarker }));
      found.push(...(page.Versions ?? []).map(({ Key, VersionId }) => `${Key} ${VersionId}`));
      KeyMarker = page.NextKeyMarker;
    } while (KeyMarker !== undefined);
    return found;
  };
  for (const name of ["a", "b & c", "d", "e"])
    await s3.send(new PutObjectCommand({ Bucket, Key: `v/${name}`, Body: "" }));
  expect(await keysOf()).toEqual(["v/a null", "v/b & c null", "v/d null", "v/e null"]);
  await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: "v/b & c", VersionId: "null" }] } }));
  expect(await keysOf()).toEqual(["v/a null", "v/d null", "v/e null"]);
});

describe("a key that signs", () => {
  const Message = Buffer.from("a checkpoint");
  const SigningAlgorithm = "ECDSA_SHA_256";

  test("signs what its public key verifies", async () => {
    const { KeyMetadata } = await keys.send(
      new CreateKeyCommand({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }),
    );
    expect(KeyMetadata).toMatchObject({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" });
    const KeyId = KeyMetadata!.KeyId!;
    const { Signature } = await keys.send(new SignCommand({ KeyId, Message, SigningAlgorithm }));
    const { PublicKey } = await keys.send(new GetPublicKeyCommand({ KeyId }));
    const key = createPublicKey({ key: Buffer.from(PublicKey!), type: "spki", format: "der" });
    expect(verify("sha256", Message, key, Signature!)).toBe(true);
    await keys.send(new VerifyCommand({ KeyId, Message, Signature, SigningAlgorithm }));
    const other = new VerifyCommand({ KeyId, Message: Buffer.from("another"), Signature, SigningAlgorithm });
    await expect(keys.send(other)).rejects.toMatchObject({ name: "KMSInvalidSignatureException" });
    await expect(keys.send(new EncryptCommand({ KeyId, Plaintext: Message }))).rejects.toMatchObject({
      name: "InvalidKeyUsageException",
    });
  });
});
