import type { KubernetesObject } from "./kinds/kind.ts";
import { kindNamed } from "./kinds/table.ts";
import type { Objects } from "./objects.ts";
import { prepareNew } from "./write.ts";

const rbac = "rbac.authorization.k8s.io";
const read = ["get", "list", "watch"];
const write = [...read, "create", "delete", "deletecollection", "patch", "update"];

const workloads = [
  { apiGroups: [""], resources: ["configmaps", "pods", "serviceaccounts", "services"] },
  { apiGroups: ["apps"], resources: ["deployments"] },
  { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"] },
  { apiGroups: ["policy"], resources: ["poddisruptionbudgets"] },
];
const surroundings = { apiGroups: [""], resources: ["limitranges", "namespaces", "resourcequotas"], verbs: read };

/** The roles of every cluster, as far as they concern the kinds that it serves. */
const clusterRoles: Readonly<Record<string, object[]>> = {
  "cluster-admin": [
    { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
    { nonResourceURLs: ["*"], verbs: ["*"] },
  ],
  admin: [
    ...workloads.map((rule) => ({ ...rule, verbs: write })),
    { apiGroups: [""], resources: ["secrets"], verbs: write },
    { apiGroups: [rbac], resources: ["rolebindings", "roles"], verbs: write },
    surroundings,
  ],
  edit: [
    ...workloads.map((rule) => ({ ...rule, verbs: write })),
    { apiGroups: [""], resources: ["secrets"], verbs: write },
    surroundings,
  ],
  view: [...workloads.map((rule) => ({ ...rule, verbs: read })), surroundings],
  // What EKS calls AmazonEKSAdminViewPolicy: everything, read only.
  "eks:admin-view": [{ apiGroups: ["*"], resources: ["*"], verbs: read }],
};

/** Gives a new cluster the roles that every cluster has. Those that are there stay as they are. */
export const bootstrap = (objects: Objects): void => {
  const make = (name: string, kindName: string, fields: object): void => {
    const kind = kindNamed(kindName);
    if (objects.get(kind, "", name) !== undefined) return;
    const labels = { "kubernetes.io/bootstrapping": "rbac-defaults" };
    const object = { apiVersion: `${rbac}/v1`, kind: kindName, metadata: { name, labels }, ...fields };
    objects.put(
      kind,
      prepareNew(kind, object as unknown as KubernetesObject, "", (one) => one),
    );
  };
  for (const [name, rules] of Object.entries(clusterRoles)) make(name, "ClusterRole", { rules });
  make("cluster-admin", "ClusterRoleBinding", {
    roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup: rbac, kind: "Group", name: "system:masters" }],
  });
};
