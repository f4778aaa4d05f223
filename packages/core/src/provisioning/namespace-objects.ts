import type { Tenant } from "../tenant/tenant.ts";
import { tiers } from "../tenant/tier.ts";
import { planeNames } from "./names.ts";
import { networkPolicies } from "./network-policies.ts";

/** A Kubernetes object as it is sent for server-side apply. */
export type KubernetesObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
} & Readonly<Record<string, unknown>>;

/** The label that says whose an object is. The slug is for people, the id cannot be given to another tenant. */
export const tenantIdLabel = "tenant-id";

const managedBy = { label: "app.kubernetes.io/managed-by", value: "tenantry" } as const;

/** The service account that the tenant's pods run as, and whose pods bear the tenant's role. */
export const serviceAccount = "tenant-workload";

/** Where a tenant's namespace is, whatever it is made of. */
export const namespaceOf = (tenant: Pick<Tenant, "slug">): KubernetesObject => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: planeNames(tenant.slug).namespace },
});

/** Whether the platform made the object, and for this tenant. */
export const ownedBy = ({ metadata: { labels } }: KubernetesObject, tenantId: string): boolean =>
  labels?.[tenantIdLabel] === tenantId && labels[managedBy.label] === managedBy.value;

/**
 * Everything in a tenant's namespace, the Namespace first. Labels follow the tenant everywhere: `tenant` selects its
 * pods in policies, metrics and logs.
 */
export const namespaceObjects = (tenant: Tenant): readonly KubernetesObject[] => {
  const { namespace } = planeNames(tenant.slug);
  const { quota, compute } = tiers[tenant.tier];
  const labels = {
    tenant: tenant.slug,
    [tenantIdLabel]: tenant.id,
    tier: tenant.tier,
    [managedBy.label]: managedBy.value,
  };
  const inside = (apiVersion: string, kind: string, name: string, body: Record<string, unknown>): KubernetesObject => ({
    apiVersion,
    kind,
    metadata: { name, namespace, labels },
    ...body,
  });

  return [
    {
      ...namespaceOf(tenant),
      metadata: {
        name: namespace,
        labels: {
          ...labels,
          compute,
          "pod-security.kubernetes.io/enforce": "restricted",
          "pod-security.kubernetes.io/enforce-version": "latest",
          "pod-security.kubernetes.io/audit": "restricted",
          "pod-security.kubernetes.io/warn": "restricted",
        },
      },
    },
    inside("v1", "ResourceQuota", "tenant-quota", {
      spec: {
        hard: {
          "requests.cpu": quota.cpu,
          "requests.memory": quota.memory,
          "limits.cpu": quota.cpu,
          "limits.memory": quota.memory,
          pods: String(quota.pods),
          // Traffic comes in through the platform's gateway, not through a door of the tenant's own.
          "services.loadbalancers": "0",
          "services.nodeports": "0",
        },
      },
    }),
    inside("v1", "LimitRange", "tenant-limits", {
      spec: {
        limits: [
          {
            type: "Container",
            default: { cpu: "250m", memory: "256Mi" },
            defaultRequest: { cpu: "50m", memory: "64Mi" },
            max: { cpu: quota.cpu, memory: quota.memory },
          },
        ],
      },
    }),
    ...networkPolicies().map(({ name, spec }) => inside("networking.k8s.io/v1", "NetworkPolicy", name, { spec })),
    inside("v1", "ServiceAccount", serviceAccount, { automountServiceAccountToken: false }),
    inside("rbac.authorization.k8s.io/v1", "Role", "tenant-viewer", { rules: viewerRules }),
    inside("rbac.authorization.k8s.io/v1", "RoleBinding", "tenant-viewer", {
      subjects: [{ kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: `${namespace}:viewers` }],
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "tenant-viewer" },
    }),
    inside("policy/v1", "PodDisruptionBudget", "tenant-workload", {
      spec: {
        minAvailable: 1,
        selector: { matchLabels: { tenant: tenant.slug } },
        // A pod that never became ready must not hold up the draining of its node.
        unhealthyPodEvictionPolicy: "AlwaysAllow",
      },
    }),
    inside("monitoring.coreos.com/v1", "ServiceMonitor", "tenant-workload", {
      spec: {
        selector: { matchLabels: { tenant: tenant.slug } },
        endpoints: [{ port: "metrics", path: "/metrics", interval: "30s" }],
      },
    }),
  ];
};

const read = ["get", "list", "watch"];

/** What a tenant's viewers see: workloads and their logs, and never a Secret. */
const viewerRules = [
  {
    apiGroups: [""],
    resources: ["pods", "pods/log", "services", "endpoints", "configmaps", "events", "resourcequotas", "limitranges"],
    verbs: read,
  },
  { apiGroups: ["apps"], resources: ["deployments", "replicasets", "statefulsets", "daemonsets"], verbs: read },
  { apiGroups: ["batch"], resources: ["jobs", "cronjobs"], verbs: read },
  { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies", "ingresses"], verbs: read },
  { apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: read },
];
