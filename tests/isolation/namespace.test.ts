import { type KubernetesObject, namespaceObjects } from "@tenantry/core/provisioning/namespace-objects";
import { aTenant } from "@tenantry/core/provisioning/testing";
import { eksToken } from "@tenantry/aws/eks-token";
import { eksCluster } from "@tenantry/aws/namespace";
import { startKubernetes } from "@tenantry/aws/testing/kubernetes";
import { graphOf, roleOf, startTestCloud } from "@tenantry/local-cloud/gateway/testing";
import { kubernetesPart } from "@tenantry/local-cloud/services/kubernetes/part";
import { type Call, caller } from "@tenantry/local-cloud/services/kubernetes/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { admits, type Pod } from "./network.ts";

const tenants = {
  a: aTenant({ slug: "a", id: "ten_01JD00000000000000000000AA" }),
  b: aTenant({ slug: "b", id: "ten_01JD00000000000000000000BB" }),
};

/** Whom a cluster knows: A's viewers, and A's pods by their service account. */
const people = {
  viewer: { name: "viewer-of-a", groups: ["tenant-a:viewers"] },
  workload: {
    name: "system:serviceaccount:tenant-a:tenant-workload",
    groups: ["system:serviceaccounts", "system:serviceaccounts:tenant-a"],
  },
};
type Who = keyof typeof people;

/** A cluster in which both tenants have their namespaces. */
type World = { as(who: Who): Promise<Call>; admin(): Promise<Call>; stop(): Promise<unknown> };

const provision = async (cluster: ReturnType<typeof eksCluster>, kinds: (object: KubernetesObject) => boolean) => {
  for (const { id, slug, ...tenant } of Object.values(tenants)) {
    const objects = namespaceObjects({ id, slug, ...tenant }).filter(kinds);
    await cluster.ensure({ tenantId: id, slug, operationId: "op_1", objects, ifServed: ["ServiceMonitor"] });
  }
};

const embedded = async (): Promise<World> => {
  const name = "isolation";
  const eks = (kind: string) => `aws:eks/${kind}`;
  const arnOf = (role: string) => `arn:aws:iam::123456789012:role/${role}`;
  const entry = (role: string, kubernetesGroups: string[]) => ({
    type: eks("accessEntry:AccessEntry"),
    name: `${role}Entry`,
    inputs: { clusterName: name, principalArn: arnOf(role), kubernetesGroups },
  });
  const cloud = await startTestCloud([kubernetesPart]);
  await cloud.apply(
    graphOf(
      { type: eks("cluster:Cluster"), name, inputs: { name, version: "1.34" }, outputs: { certificateAuthority: {} } },
      ...["admin", "viewer", "workload"].map((role) => roleOf(role, [])),
      entry("admin", []),
      ...Object.entries(people).map(([role, { groups }]) => entry(role, groups)),
      {
        type: eks("accessPolicyAssociation:AccessPolicyAssociation"),
        name: "Admin",
        inputs: {
          clusterName: name,
          principalArn: arnOf("admin"),
          policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
          accessScope: { type: "cluster" },
        },
      },
    ),
  );
  const endpoint = `${cloud.host.endpoint}/_eks/${name}`;
  const token = (role: string) =>
    eksToken({ cluster: name, region: "us-east-1", sts: cloud.host.endpoint, key: cloud.client(role).credentials });
  const as = async (role: string) =>
    caller({ server: endpoint, headers: { authorization: `Bearer ${await token(role)}` } });
  await provision(eksCluster({ name, endpoint, ca: undefined, token: () => token("admin") }), () => true);
  return { as, admin: () => as("admin"), stop: () => cloud.close() };
};

const real = async (assets: string): Promise<World> => {
  const users = Object.entries(people).map(([token, user]) => ({ token, ...user }));
  const server = await startKubernetes(assets, users);
  const as = async (token: string) =>
    caller({ server: server.endpoint, headers: { authorization: `Bearer ${token}` }, tls: { ca: server.ca } });
  const ca = Buffer.from(server.ca).toString("base64");
  const cluster = eksCluster({ name: "real", endpoint: server.endpoint, ca, token: async () => server.token });
  // The server of the tests is of 1.20, which has policy/v1beta1 only.
  await provision(cluster, ({ kind }) => kind !== "PodDisruptionBudget");
  return { as, admin: () => as(server.token), stop: () => server.stop() };
};

const resources = [
  "/api/v1:resourcequotas/tenant-quota",
  "/api/v1:limitranges/tenant-limits",
  "/api/v1:serviceaccounts/tenant-workload",
  "/api/v1:configmaps/any",
  "/api/v1:secrets/any",
  "/apis/networking.k8s.io/v1:networkpolicies/default-deny",
  "/apis/rbac.authorization.k8s.io/v1:roles/tenant-viewer",
  "/apis/rbac.authorization.k8s.io/v1:rolebindings/tenant-viewer",
].map((text) => {
  const [root = "", kind = "", name = ""] = text.split(/[:](?=[a-z])|\/(?=[^/]*$)/);
  return { root, kind, name };
});

const assets = process.env["KUBEBUILDER_ASSETS"];
const clusters: [name: string, start: (() => Promise<World>) | undefined][] = [
  ["the embedded cluster", embedded],
  ["a real API server (needs KUBEBUILDER_ASSETS)", assets === undefined ? undefined : () => real(assets)],
];

describe.for(clusters)("on %s", ([, start]) => {
  describe.skipIf(start === undefined)("tenant A", () => {
    let world: World;
    beforeAll(async () => {
      world = await start!();
    });
    afterAll(() => world.stop());

    const cells = (["viewer", "workload"] as const).flatMap((who) =>
      resources.map((resource) => ({ who, ...resource, resource: resource.kind })),
    );

    test.for(cells)("its $who can do nothing with B's $resource", async ({ who, root, kind, name }) => {
      const call = await world.as(who);
      const all = `${root}/namespaces/tenant-b/${kind}`;
      const one = `${all}/${name}`;
      const patch = { type: "application/merge-patch+json" };
      const apply = { type: "application/apply-patch+yaml" };
      const answers = await Promise.all([
        call("GET", all),
        call("GET", one),
        call("GET", `${root}/${kind}`),
        call("GET", `${all}?watch=true&timeoutSeconds=1`),
        call("POST", all, { metadata: { name: "mine" } }),
        call("PUT", one, { metadata: { name } }),
        call("PATCH", one, { metadata: { labels: { mine: "yes" } } }, patch),
        call("PATCH", `${one}?fieldManager=mine`, { metadata: { name } }, apply),
        call("DELETE", one),
        call("DELETE", all),
      ]);
      expect(answers.map(({ code }) => code)).toEqual(answers.map(() => 403));
    });

    test.for(["viewer", "workload"] as const)("its %s can do nothing with namespaces", async (who) => {
      const call = await world.as(who);
      const answers = await Promise.all([
        call("GET", "/api/v1/namespaces"),
        call("GET", "/api/v1/namespaces/tenant-b"),
        call("POST", "/api/v1/namespaces", { metadata: { name: "tenant-c" } }),
        call("DELETE", "/api/v1/namespaces/tenant-b"),
        call("DELETE", "/api/v1/namespaces/tenant-a"),
      ]);
      expect(answers.map(({ code }) => code)).toEqual(answers.map(() => 403));
    });

    test("its viewer reads A's workloads and policies, and neither writes nor sees a Secret", async () => {
      const call = await world.as("viewer");
      const home = (root: string, kind: string) => `${root}/namespaces/tenant-a/${kind}`;
      const read = await Promise.all([
        call("GET", home("/api/v1", "pods")),
        call("GET", home("/api/v1", "configmaps")),
        call("GET", home("/api/v1", "resourcequotas/tenant-quota")),
        call("GET", home("/apis/networking.k8s.io/v1", "networkpolicies")),
      ]);
      expect(read.map(({ code }) => code)).toEqual([200, 200, 200, 200]);
      const refused = await Promise.all([
        call("GET", home("/api/v1", "secrets")),
        call("POST", home("/api/v1", "configmaps"), { metadata: { name: "mine" } }),
        call("DELETE", home("/apis/networking.k8s.io/v1", "networkpolicies/default-deny")),
        call("POST", home("/apis/rbac.authorization.k8s.io/v1", "rolebindings"), { metadata: { name: "mine" } }),
      ]);
      expect(refused.map(({ code }) => code)).toEqual([403, 403, 403, 403]);
    });

    test("is parted from B by what the cluster's network policies mean", async () => {
      const call = await world.admin();
      const { body } = await call("GET", "/apis/networking.k8s.io/v1/networkpolicies");
      const policies = body.items as KubernetesObject[];
      const pod = (namespace: string, labels: Record<string, string> = {}): Pod => ({ namespace, labels });
      const [a, a2, b] = [
        pod("tenant-a", { app: "web" }),
        pod("tenant-a", { app: "db" }),
        pod("tenant-b", { app: "db" }),
      ];
      const dns = pod("kube-system", { "k8s-app": "kube-dns" });
      const [http, names] = [
        { protocol: "TCP", port: 80 },
        { protocol: "UDP", port: 53 },
      ];
      const ways = [
        ["A to A", a, a2, http, true],
        ["A to B", a, b, http, false],
        ["B to A", b, a, http, false],
        ["monitoring to A", pod("monitoring"), a, http, true],
        ["A to monitoring", a, pod("monitoring"), http, false],
        ["A to observability", a, pod("observability"), http, true],
        ["A to DNS for names", a, dns, names, true],
        ["A to DNS for anything else", a, dns, http, false],
        ["A to another pod of kube-system", a, pod("kube-system"), names, false],
        ["A to the Internet", a, "outside", http, false],
        ["the Internet to A", "outside", a, http, false],
        ["another namespace to A", pod("default"), a, http, false],
      ] as const;
      expect(ways.map(([way, from, to, port]) => [way, admits(policies, from, to, port)])).toEqual(
        ways.map(([way, , , , admitted]) => [way, admitted]),
      );
      // What a policy without its `from` would have meant.
      const open = policies.map((policy) =>
        policy.metadata.name === "allow-monitoring"
          ? { ...policy, spec: { podSelector: {}, policyTypes: ["Ingress"], ingress: [{}] } }
          : policy,
      );
      expect(admits(open, "outside", a, http)).toBe(true);
    });
  });
});
