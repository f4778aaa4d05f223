import { EKSClient, ListPodIdentityAssociationsCommand } from "@aws-sdk/client-eks";
import { type KubernetesObject, namespaceObjects, namespaceOf } from "@tenantry/core/provisioning/namespace-objects";
import { aTenant } from "@tenantry/core/provisioning/testing";
import { graphOf, roleOf, startTestCloud, type TestCloud } from "@tenantry/local-cloud/gateway/testing";
import { eksPart } from "@tenantry/local-cloud/services/eks";
import { kubernetesPart } from "@tenantry/local-cloud/services/kubernetes/part";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eksToken } from "./eks-token.ts";
import { kubernetesApi } from "./kubernetes-api.ts";
import { eksCluster } from "./namespace.ts";
import { eksPodIdentities, withPodIdentities } from "./pod-identity.ts";

const clusterName = "tenantry-test";
const eks = (kind: string) => `aws:eks/${kind}`;
const tenantRole = "arn:aws:iam::123456789012:role/tenant-data";
const associations = `arn:aws:eks:us-east-1:123456789012:podidentityassociation/${clusterName}/*`;

/** The role is that of the tasks, so that an action too few shows here. */
const graph = graphOf(
  roleOf("namespace", [
    {
      Effect: "Allow",
      Action: ["eks:CreatePodIdentityAssociation", "eks:ListPodIdentityAssociations"],
      Resource: `arn:aws:eks:us-east-1:123456789012:cluster/${clusterName}`,
    },
    {
      Effect: "Allow",
      Action: ["eks:DescribePodIdentityAssociation", "eks:DeletePodIdentityAssociation"],
      Resource: associations,
    },
    { Effect: "Allow", Action: ["iam:GetRole", "iam:PassRole"], Resource: tenantRole },
  ]),
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
  cloud = await startTestCloud([kubernetesPart, eksPart]);
  await cloud.apply(graph);
});
afterAll(() => cloud.close());

const tokenOf = (role: string, cluster = clusterName) =>
  eksToken({ cluster, region: "us-east-1", sts: cloud.host.endpoint, key: cloud.client(role).credentials });
const endpoint = () => `${cloud.host.endpoint}/_eks/${clusterName}`;
const clusterAs = (role: string) =>
  eksCluster({ name: clusterName, endpoint: endpoint(), ca: undefined, token: () => tokenOf(role) });
const api = async () => kubernetesApi({ endpoint: endpoint(), token: await tokenOf("namespace") });

const idA = "ten_01JD00000000000000000000AA";
const idB = "ten_01JD00000000000000000000BB";
const operationId = "op_01JD00000000000000000000AA";
const ask = (slug: string, tenantId = idA) => {
  const objects = namespaceObjects(aTenant({ slug, id: tenantId }));
  return { tenantId, slug, operationId, objects, ifServed: ["ServiceMonitor"] };
};
const uidOf = async (object: KubernetesObject) => (await (await api()).read(object))?.metadata.uid;

describe("a namespace", () => {
  test("holds every object as it was meant", async () => {
    const asked = ask("acme");
    const made = await clusterAs("namespace").ensure(asked);
    expect(made).toEqual({
      cluster: clusterName,
      name: "tenant-acme",
      objects: asked.objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
    });
    for (const object of asked.objects) expect(await (await api()).read(object)).toMatchObject(object);
  });

  test("is made once, however often and at once it is asked for", async () => {
    const asked = ask("again");
    await Promise.all([1, 2, 3].map(() => clusterAs("namespace").ensure(asked)));
    const before = await uidOf(asked.objects[0]!);
    await clusterAs("namespace").ensure(asked);
    expect(before).toBeDefined();
    expect(await uidOf(asked.objects[0]!)).toBe(before);
  });

  test("of another tenant is never taken over", async () => {
    await clusterAs("namespace").ensure(ask("shared"));
    const theirs = ask("shared", idB);
    await expect(clusterAs("namespace").ensure(theirs)).rejects.toMatchObject({ name: "NameTaken" });
    const objects = [{ ...theirs.objects[0]!, metadata: { name: "kube-system" } }];
    await expect(clusterAs("namespace").ensure({ ...theirs, objects })).rejects.toMatchObject({ name: "NameTaken" });
  });

  test("is not begun when a field of one of its objects is none that Kubernetes knows", async () => {
    const asked = ask("strict");
    const objects = asked.objects.map((object): KubernetesObject =>
      object.kind === "NetworkPolicy" ? { ...object, spec: { podSelector: {}, ingres: [] } } : object,
    );
    await expect(clusterAs("namespace").ensure({ ...asked, objects })).rejects.toMatchObject({
      name: "ManifestInvalid",
      message: expect.stringContaining("unknown field ingres"),
    });
    expect(await uidOf(asked.objects[0]!)).toBeUndefined();
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
    expect(made.objects).toEqual(["Namespace/tenant-odd"]);
    await expect(clusterAs("namespace").ensure({ ...asked, objects, ifServed: [] })).rejects.toMatchObject({
      code: 404,
    });
  });

  test("is closed to a role without an access entry, and to a token for another cluster", async () => {
    await expect(clusterAs("stranger").ensure(ask("acme"))).rejects.toMatchObject({ code: 401 });
    const token = () => tokenOf("namespace", "other");
    const other = eksCluster({ name: clusterName, endpoint: endpoint(), ca: undefined, token });
    await expect(other.ensure(ask("acme"))).rejects.toMatchObject({ code: 401 });
  });
});

test("a field that the API server does not know is no passing trouble", async () => {
  const wrong = { ...ask("acme").objects.find(({ kind }) => kind === "NetworkPolicy")!, spec: { ingres: [] } };
  const applied = (await api()).apply({ ...wrong, metadata: { ...wrong.metadata, namespace: "default" } }, "tenantry");
  await expect(applied).rejects.toMatchObject({ code: expect.toSatisfy((code: number) => code >= 400 && code < 500) });
});

describe("a release", () => {
  test("takes the namespace with all that is in it, and is content when there is none", async () => {
    const asked = ask("leaving");
    await clusterAs("namespace").ensure(asked);
    const tenant = aTenant({ slug: "leaving", id: idA });
    await Promise.all([1, 2].map(() => clusterAs("namespace").release(tenant, operationId)));
    for (const object of asked.objects) expect(await uidOf(object)).toBeUndefined();
    await clusterAs("namespace").release(tenant, operationId);
    await clusterAs("namespace").ensure(asked);
    expect(await uidOf(asked.objects[0]!)).toBeDefined();
  });

  test("leaves another tenant's namespace, and one that the platform did not make", async () => {
    await clusterAs("namespace").ensure(ask("staying", idB));
    await clusterAs("namespace").release(aTenant({ slug: "staying", id: idA }), operationId);
    expect(await uidOf(namespaceOf({ slug: "staying" }))).toBeDefined();

    const alike = {
      ...namespaceOf({ slug: "alike" }),
      metadata: { name: "tenant-alike", labels: { "tenant-id": idA } },
    };
    await (await api()).apply(alike, "somebody");
    await clusterAs("namespace").release(aTenant({ slug: "alike", id: idA }), operationId);
    expect(await uidOf(alike)).toBeDefined();
  });

  test("says that it is not done while the cluster still empties the namespace", async () => {
    const asked = ask("slow");
    await clusterAs("namespace").ensure(asked);
    const hasty = eksCluster({
      name: clusterName,
      endpoint: endpoint(),
      ca: undefined,
      token: () => tokenOf("namespace"),
      patienceMs: 20,
    });
    const tenant = aTenant({ slug: "slow", id: idA });
    await expect(hasty.release(tenant, operationId)).rejects.toMatchObject({ name: "TransientError" });
    await expect(clusterAs("namespace").ensure(asked)).rejects.toMatchObject({ name: "TransientError" });
    await clusterAs("namespace").release(tenant, operationId);
    expect(await uidOf(asked.objects[0]!)).toBeUndefined();
  });
});

describe("the pods' role", () => {
  const identities = (roleArn = tenantRole) =>
    eksPodIdentities(clusterName, roleArn, new EKSClient(cloud.client("namespace")));
  const cluster = () => withPodIdentities(clusterAs("namespace"), identities());
  const associated = async (namespace: string) => {
    const list = new ListPodIdentityAssociationsCommand({ clusterName, namespace });
    return (await new EKSClient(cloud.client()).send(list)).associations ?? [];
  };

  test("is given once to the service account, kept in the record, and taken with the namespace", async () => {
    const made = await cluster().ensure(ask("pods"));
    expect(await cluster().ensure(ask("pods"))).toEqual(made);
    expect(await associated("tenant-pods")).toMatchObject([
      { serviceAccount: "tenant-workload", associationId: made.pod_identity_association },
    ]);
    const tenant = aTenant({ slug: "pods", id: idA });
    await cluster().release(tenant, operationId);
    await cluster().release(tenant, operationId);
    expect(await associated("tenant-pods")).toEqual([]);
    expect(await uidOf(namespaceOf(tenant))).toBeUndefined();
  });

  test("is made once by two runs at the same instant", async () => {
    const runs = await Promise.allSettled([1, 2, 3].map(() => identities().ensure(idA, "tenant-race")));
    const refusals = runs.flatMap((run) => (run.status === "rejected" ? [run.reason as unknown] : []));
    for (const refusal of refusals) expect(refusal).toMatchObject({ name: "TransientError" });
    expect(await associated("tenant-race")).toHaveLength(1);
  });

  test("follows the deployment's role", async () => {
    await identities("arn:aws:iam::123456789012:role/old")
      .ensure(idA, "tenant-moved")
      .catch(() => undefined);
    await identities().ensure(idA, "tenant-moved");
    expect(await associated("tenant-moved")).toHaveLength(1);
  });

  test("of another tenant's pods is neither taken over nor taken away", async () => {
    await identities().ensure(idB, "tenant-theirs");
    await expect(identities().ensure(idA, "tenant-theirs")).rejects.toMatchObject({ name: "NameTaken" });
    await identities().release(idA, "tenant-theirs");
    expect(await associated("tenant-theirs")).toHaveLength(1);
  });
});
