import { CognitoIdentityProviderClient, CreateUserPoolCommand } from "@aws-sdk/client-cognito-identity-provider";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateEmailIdentityCommand, SESv2Client } from "@aws-sdk/client-sesv2";
import { storage as storagePart } from "@tenantry/local-cloud/engines/storage";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "@tenantry/local-cloud/gateway/testing";
import { cognito } from "@tenantry/local-cloud/services/cognito/part";
import { email } from "@tenantry/local-cloud/services/email/part";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cognitoUsers } from "./identity.ts";
import { sesMailer } from "./mail.ts";
import { bucketStorage } from "./storage.ts";

const bucket = "tenant-data";

/** The roles are those of the tasks, so that an action too few shows here. */
const graph = graphOf(
  { type: "aws:s3/bucket:Bucket", name: "TenantData", inputs: {}, outputs: { bucket } },
  roleOf("storage", [
    { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: `arn:aws:s3:::${bucket}/tenants/*` },
    { Effect: "Allow", Action: "s3:ListBucket", Resource: `arn:aws:s3:::${bucket}` },
  ]),
  roleOf("identity", [
    { Effect: "Allow", Action: ["cognito-idp:AdminCreateUser", "cognito-idp:AdminGetUser"], Resource: "*" },
  ]),
  roleOf("mail", [
    { Effect: "Allow", Action: "ses:SendEmail", Resource: "arn:aws:ses:us-east-1:123456789012:identity/example.com" },
  ]),
);

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud([storagePart, cognito, email]);
  await cloud.apply(graph);
});
afterAll(() => cloud.close());

describe("storage", () => {
  const ask = { tenantId: "ten_A", prefix: "tenants/tenant-acme/", objects: ["uploads/.keep", "exports/.keep"] };
  const mine = () => bucketStorage(bucket, new S3Client(cloud.client("storage")));

  test("is made once, and what lies in it stays", async () => {
    const expected = {
      bucket,
      prefix: "tenants/tenant-acme/",
      objects: ["tenants/tenant-acme/uploads/.keep", "tenants/tenant-acme/exports/.keep"],
    };
    expect(await mine().ensure(ask)).toEqual(expected);
    const operator = new S3Client(cloud.client());
    const Key = "tenants/tenant-acme/uploads/letter.txt";
    await operator.send(new PutObjectCommand({ Bucket: bucket, Key, Body: "dear" }));
    const made = await Promise.all([mine().ensure(ask), mine().ensure(ask)]);
    expect(made).toEqual([expected, expected]);
    const list = await operator.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: ask.prefix }));
    expect(list.KeyCount).toBe(3);
    const letter = await operator.send(new GetObjectCommand({ Bucket: bucket, Key }));
    expect(await letter.Body?.transformToString()).toBe("dear");
  });

  test.for([
    ["another tenant's", { "tenant-id": "ten_B" }],
    ["nobody's", undefined],
  ] as const)("is refused where %s object lies", async ([whose, Metadata]) => {
    const prefix = `tenants/tenant-${whose.length}/`;
    const operator = new S3Client(cloud.client());
    await operator.send(new PutObjectCommand({ Bucket: bucket, Key: `${prefix}uploads/.keep`, Metadata }));
    await expect(mine().ensure({ ...ask, prefix })).rejects.toMatchObject({ name: "NameTaken" });
  });
});

describe("identity", () => {
  test("invites an owner once, and knows them again for the next tenant", async () => {
    const operator = new CognitoIdentityProviderClient(cloud.client());
    const { UserPool } = await operator.send(
      new CreateUserPoolCommand({ PoolName: "users", UsernameAttributes: ["email"] }),
    );
    const users = cognitoUsers(UserPool!.Id!, new CognitoIdentityProviderClient(cloud.client("identity")));
    const made = await Promise.all([
      users.ensure({ email: "owner@acme.example" }),
      users.ensure({ email: "owner@acme.example" }),
    ]);
    made.push(await users.ensure({ email: "owner@acme.example" }));
    expect(new Set(made.map((each) => each.owner_user_id)).size).toBe(1);
    expect(made[0]).toEqual({
      user_pool_id: UserPool!.Id,
      owner_user_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      owner_email: "owner@acme.example",
    });
    expect(await mailsTo("owner@acme.example")).toHaveLength(1);
    expect((await users.ensure({ email: "other@acme.example" })).owner_user_id).not.toBe(made[0].owner_user_id);
  });
});

const mailsTo = async (address: string): Promise<{ id: string; subject: string }[]> => {
  const response = await fetch(`${cloud.host.endpoint}/_mail`);
  const body = (await response.json()) as { id: string; subject: string; to: string[] }[] | { mails: never[] };
  return (Array.isArray(body) ? body : body.mails).filter((mail) => mail.to.includes(address));
};

describe("mail", () => {
  test("arrives with both its forms", async () => {
    await new SESv2Client(cloud.client()).send(new CreateEmailIdentityCommand({ EmailIdentity: "example.com" }));
    const mailer = sesMailer("hello@example.com", new SESv2Client(cloud.client("mail")));
    const mail = { to: "jörg@acme.example", subject: "Grüße – 日本", text: "plain ✓", html: "<p>rich ✓</p>" };
    await mailer.send({ ...mail, to: "joerg@acme.example" }, { tenant_id: "ten_A", operation_id: "op_B" });
    const [got] = await mailsTo("joerg@acme.example");
    expect(got?.subject).toBe(mail.subject);
  });
});
