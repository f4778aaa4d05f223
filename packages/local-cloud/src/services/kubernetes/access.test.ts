import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AwsV4Signer } from "aws4fetch";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGateway, type Gateway } from "../../gateway/server.ts";
import type { Part } from "../../part.ts";
import { testGraph, testHost } from "../testing/host.ts";
import { kubernetesPart } from "./part.ts";
import { testCluster } from "./test-cluster.ts";
import { caller } from "./testing.ts";

const roles = ["provisioner", "team", "viewer", "stranger"];
const arnOf = (role: string): string => `arn:aws:iam::123456789012:role/${role}`;

const entry = (role: string, outputs: object = {}) => ({
  type: "aws:eks/accessEntry:AccessEntry",
  name: role,
  outputs: { clusterName: "platform", principalArn: arnOf(role), ...outputs },
});

const policy = (role: string, name: string, accessScope: object) => ({
  type: "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
  name: `${role}${name}`,
  outputs: {
    clusterName: "platform",
    principalArn: arnOf(role),
    policyArn: `arn:aws:eks::aws:cluster-access-policy/${name}`,
    accessScope,
  },
});

const graph = testGraph([
  testCluster("platform"),
  testCluster("second"),
  ...roles.map((role) => ({
    type: "aws:iam/role:Role",
    name: role,
    outputs: { name: role, arn: arnOf(role), assumeRolePolicy: "{}" },
  })),
  entry("provisioner"),
  policy("provisioner", "AmazonEKSClusterAdminPolicy", { type: "cluster" }),
  entry("team"),
  policy("team", "AmazonEKSEditPolicy", { type: "namespace", namespaces: ["team"] }),
  entry("viewer", { kubernetesGroups: ["viewers"] }),
]);

let gateway: Gateway;
let part: Part;

type Signing = { signedFor?: string; sent?: string; expires?: string; tamper?: boolean };

const token = async (role: string | undefined, { signedFor = "platform", expires = "60", tamper }: Signing = {}) => {
  const credentials =
    role === undefined ? { accessKeyId: "test", secretAccessKey: "test" } : gateway.credentials(role, "worker");
  const url = new URL("https://sts.us-east-1.amazonaws.com/");
  url.search = new URLSearchParams({
    Action: "GetCallerIdentity",
    Version: "2011-06-15",
    "X-Amz-Expires": expires,
  }).toString();
  const headers = signedFor === "" ? {} : { "x-k8s-aws-id": signedFor };
  const signer = new AwsV4Signer({
    url: url.href,
    method: "GET",
    headers,
    service: "sts",
    region: "us-east-1",
    signQuery: true,
    ...credentials,
  });
  const { url: signed } = await signer.sign();
  if (tamper) signed.searchParams.set("X-Amz-Date", "20260101T000000Z");
  return `k8s-aws-v1.${Buffer.from(signed.href).toString("base64url")}`;
};

const as = (bearer: string, cluster = "platform") =>
  caller({ server: `${gateway.endpoint}/_eks/${cluster}`, headers: { authorization: `Bearer ${bearer}` } });

const namespace = (name: string) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } };

beforeAll(async () => {
  gateway = await createGateway({ port: 0 });
  const host = testHost(mkdtempSync(join(tmpdir(), "access-")), { endpoint: gateway.endpoint });
  part = await kubernetesPart(host);
  gateway.setServices([...(part.services ?? [])]);
  gateway.setGraph(graph);
  await part.apply?.(graph);
  const admin = as(await token("provisioner"));
  for (const name of ["team", "other"]) await admin("POST", "/api/v1/namespaces", namespace(name));
});

afterAll(async () => {
  await part.close?.();
  await gateway.close();
});

describe("a token", () => {
  test("of a role that administers the cluster may do everything", async () => {
    const call = as(await token("provisioner"));
    expect((await call("GET", "/api/v1/secrets")).code).toBe(200);
    expect((await call("GET", "/version")).body.gitVersion).toMatch(/^v1\.34/);
  });

  test("of the operator too", async () => {
    expect((await as(await token(undefined))("GET", "/api/v1/namespaces")).code).toBe(200);
  });

  test.each<[string, () => Promise<string>]>([
    ["of a role without an access entry", () => token("stranger")],
    ["for another cluster", () => token("provisioner", { signedFor: "second" })],
    ["that is bound to no cluster", () => token("provisioner", { signedFor: "" })],
    ["that was changed", () => token("provisioner", { tamper: true })],
    ["that is none", async () => "k8s-aws-v1.bm90aGluZw"],
    ["of another kind", async () => "eyJhbGciOiJub25lIn0.e30."],
  ])("%s is refused", async (_what, make) => {
    const { code, body } = await as(await make())("GET", "/api/v1/namespaces");
    expect([code, body]).toMatchObject([401, { kind: "Status", reason: "Unauthorized" }]);
  });

  test("is needed", async () => {
    const call = caller({ server: `${gateway.endpoint}/_eks/platform` });
    expect((await call("GET", "/api")).code).toBe(401);
  });

  test("cannot speak for another user", async () => {
    const bearer = await token("provisioner");
    const call = caller({
      server: `${gateway.endpoint}/_eks/platform`,
      headers: { authorization: `Bearer ${bearer}`, "impersonate-user": "somebody" },
    });
    expect((await call("GET", "/api/v1/namespaces")).code).toBe(501);
  });
});

describe("a role", () => {
  test("with a policy for one namespace edits in that one alone", async () => {
    const call = as(await token("team"));
    expect((await call("POST", "/api/v1/namespaces/team/configmaps", configMap)).code).toBe(201);
    const { code, body } = await call("POST", "/api/v1/namespaces/other/configmaps", configMap);
    expect([code, body.message]).toEqual([
      403,
      `configmaps is forbidden: User "arn:aws:sts::123456789012:assumed-role/team/worker" cannot create resource "configmaps" in API group "" in the namespace "other"`,
    ]);
    expect((await call("GET", "/api/v1/configmaps")).code).toBe(403);
    expect((await call("DELETE", "/api/v1/namespaces/team")).code).toBe(403);
  });

  test("in a group has what the group is bound to", async () => {
    const [admin, viewer] = [as(await token("provisioner")), as(await token("viewer"))];
    const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/team";
    const list = "/api/v1/namespaces/team/configmaps";
    expect((await viewer("GET", list)).code).toBe(403);
    const meta = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name: "viewer" } };
    const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get", "list"] }];
    await admin("POST", `${rbac}/roles`, { ...meta, kind: "Role", rules });
    await admin("POST", `${rbac}/rolebindings`, {
      ...meta,
      kind: "RoleBinding",
      subjects: [{ kind: "Group", name: "viewers" }],
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "viewer" },
    });
    expect((await viewer("GET", list)).code).toBe(200);
    expect((await viewer("POST", list, configMap)).code).toBe(403);
    expect((await viewer("GET", "/api/v1/namespaces/team/secrets")).code).toBe(403);
    const review = (verb: string) => ({
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { namespace: "team", verb, resource: "configmaps" } },
    });
    const reviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    expect((await viewer("POST", reviews, review("list"))).body.status.allowed).toBe(true);
    expect((await viewer("POST", reviews, review("create"))).body.status.allowed).toBe(false);
  });
});

test("a policy that is not known is refused when it is deployed", async () => {
  const unknown = testGraph([testCluster("platform"), policy("team", "AmazonEKSWhatever", { type: "cluster" })]);
  await expect(part.apply?.(unknown)).rejects.toThrow("AmazonEKSWhatever");
  await part.apply?.(graph);
});
