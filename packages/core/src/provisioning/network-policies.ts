/** Namespaces of the platform by the label that Kubernetes itself puts on each. */
const namespaceNamed = (name: string) => ({
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } },
});

const everyPod = {};

/** Namespaces of the platform's own that tenants' pods talk with. */
const monitoring = "monitoring";
const observability = "observability";

/**
 * Who may talk with a tenant's pods. Everything is denied first; each further policy opens one way. Policies add up,
 * so the order does not matter.
 */
export const networkPolicies = (): readonly { readonly name: string; readonly spec: Record<string, unknown> }[] => [
  { name: "default-deny", spec: { podSelector: everyPod, policyTypes: ["Ingress", "Egress"] } },
  {
    name: "allow-own-namespace",
    spec: {
      podSelector: everyPod,
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [{ podSelector: everyPod }] }],
      egress: [{ to: [{ podSelector: everyPod }] }],
    },
  },
  {
    name: "allow-monitoring",
    spec: {
      podSelector: everyPod,
      policyTypes: ["Ingress"],
      ingress: [{ from: [namespaceNamed(monitoring)] }],
    },
  },
  {
    name: "allow-dns",
    spec: {
      podSelector: everyPod,
      policyTypes: ["Egress"],
      egress: [
        {
          to: [{ ...namespaceNamed("kube-system"), podSelector: { matchLabels: { "k8s-app": "kube-dns" } } }],
          ports: [
            { protocol: "UDP", port: 53 },
            { protocol: "TCP", port: 53 },
          ],
        },
      ],
    },
  },
  {
    name: "allow-observability",
    spec: {
      podSelector: everyPod,
      policyTypes: ["Egress"],
      egress: [{ to: [namespaceNamed(observability)] }],
    },
  },
];
