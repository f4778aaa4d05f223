import { CognitoIdentityProviderClient, CreateUserPoolCommand } from "@aws-sdk/client-cognito-identity-provider";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { CreateEmailIdentityCommand, SESv2Client } from "@aws-sdk/client-sesv2";
import { type KubernetesObject, namespaceObjects } from "@tenantry/core/provisioning/namespace-objects";
import { aTenant } from "@tenantry/core/provisioning/testing";
import { storage as storagePart } from "@tenantry/local-cloud/engines/storage";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "@tenantry/local-cloud/gateway/testing";
import { cognito } from "@tenantry/local-cloud/services/cognito/part";
import { email } from "@tenantry/local-cloud/services/email/part";
import { kubernetesPart } from "@tenantry/local-cloud/services/kubernetes/part";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eksToken } from "./eks-token.ts";
import { cognitoUsers } from "./identity.ts";
import { kubernetesApi } from "./kubernetes-api.ts";
import { sesMailer } from "./mail.ts";
import { eksCluster } from "./namespace.ts";
import { bucketStorage } from "./storage.ts";

const bucket = "tenant-data";
const clusterName = "tenantry-test";
const eks = (kind: string) => `aws:eks/${kind}`;

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
  roleOf("namespace", []),
  roleOf("stranger", []),
  {
    type: eks("cluster:Cluster"),
    name: "Cluster",
    inputs: { name: clusterName, version: "1.34" },
    outputs: { certificateAuthority: { data: "" } },
  },
  {
    type: eks("accessEntry:AccessEntry"),
    name: "Entry",
    inputs: { clusterName, principalArn: "arn:aws:iam::123456789012:role/namespace" },
  },
  {
    type: eks("accessPolicyAssociation:AccessPolicyAssociation"),
    name: "Policy",
    inputs: {
      clusterName,
      principalArn: "arn:aws:iam::123456789012:role/namespace",
      policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
      accessScope: { type: "cluster" },
    },
  },
);

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud([storagePart, cognito, email, kubernetesPart]);
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

describe("namespace", () => {
  const tokenOf = (role: string, cluster = clusterName) =>
    eksToken({
      cluster,
      region: "us-east-1",
      sts: cloud.host.endpoint,
      key: cloud.client(role).credentials,
    });
  const endpoint = () => `${cloud.host.endpoint}/_eks/${clusterName}`;
  const clusterAs = (role: string) =>
    eksCluster({ name: clusterName, endpoint: endpoint(), ca: undefined, token: () => tokenOf(role) });
  const api = async () => kubernetesApi({ endpoint: endpoint(), token: await tokenOf("namespace") });
  const ask = (slug: string, tenantId = "ten_01JD00000000000000000000AA") => {
    const objects = namespaceObjects(aTenant({ slug, id: tenantId }));
    return { tenantId, objects, ifServed: ["ServiceMonitor"] };
  };

  test("holds every object as it was meant", async () => {
    const asked = ask("acme");
    const made = await clusterAs("namespace").ensure(asked);
    expect(made).toEqual(asked.objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
    for (const object of asked.objects) expect(await (await api()).read(object)).toMatchObject(object);
  });

  test("is made once, however often and at once it is asked for", async () => {
    const asked = ask("again");
    await Promise.all([1, 2, 3].map(() => clusterAs("namespace").ensure(asked)));
    const uid = async () => {
      const found = await (await api()).read(asked.objects[0]!);
      return (found?.metadata as { uid?: string } | undefined)?.uid;
    };
    const before = await uid();
    await clusterAs("namespace").ensure(asked);
    expect(before).toBeDefined();
    expect(await uid()).toBe(before);
  });

  test("of another tenant is never taken over", async () => {
    await clusterAs("namespace").ensure(ask("shared"));
    const theirs = ask("shared", "ten_01JD00000000000000000000BB");
    await expect(clusterAs("namespace").ensure(theirs)).rejects.toMatchObject({ name: "NameTaken" });
    await expect(
      clusterAs("namespace").ensure({
        ...theirs,
        objects: [{ ...theirs.objects[0]!, metadata: { name: "kube-system" } }],
      }),
    ).rejects.toMatchObject({ name: "NameTaken" });
  });

  test("refuses a field that Kubernetes does not know, rather than drop it", async () => {
    const asked = ask("strict");
    const wrong = asked.objects.map((object): KubernetesObject =>
      object.kind === "NetworkPolicy" ? { ...object, spec: { podSelector: {}, ingres: [] } } : object,
    );
    await expect(clusterAs("namespace").ensure({ ...asked, objects: wrong })).rejects.toThrow(/ingres.*not declared/);
  });

  test("goes without a kind that the cluster lacks only where it may", async () => {
    const asked = ask("odd");
    const alien: KubernetesObject = {
      apiVersion: "example.com/v1",
      kind: "ServiceMonitor",
      metadata: { name: "x", namespace: "tenant-odd" },
    };
    const objects = [asked.objects[0]!, alien];
    const made = await clusterAs("namespace").ensure({ ...asked, objects });
    expect(made).toEqual(["Namespace/tenant-odd"]);
    await expect(clusterAs("namespace").ensure({ ...asked, objects, ifServed: [] })).rejects.toMatchObject({
      code: 404,
    });
  });

  test("is closed to a role without an access entry, and to a token for another cluster", async () => {
    await expect(clusterAs("stranger").ensure(ask("acme"))).rejects.toMatchObject({ code: 401 });
    const other = eksCluster({
      name: clusterName,
      endpoint: endpoint(),
      ca: undefined,
      token: () => tokenOf("namespace", "other"),
    });
    await expect(other.ensure(ask("acme"))).rejects.toMatchObject({ code: 401 });
  });
});
