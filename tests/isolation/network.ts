import type { KubernetesObject } from "@tenantry/core/provisioning/namespace-objects";

type Labels = Readonly<Record<string, string>>;
type Selector = { readonly matchLabels?: Labels };
type Peer = { readonly namespaceSelector?: Selector; readonly podSelector?: Selector; readonly ipBlock?: object };
type Rule = {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly protocol?: string; readonly port?: number }[];
};
type Spec = {
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
};

export type Pod = { readonly namespace: string; readonly labels: Labels };
/** An address outside of the cluster. */
export type Outside = "outside";

/** Whether network policies let a connection through, as Kubernetes defines it: out of the one and into the other. */
export const admits = (
  policies: readonly KubernetesObject[],
  from: Pod | Outside,
  to: Pod | Outside,
  port: { readonly protocol: string; readonly port: number },
): boolean => {
  const side = (pod: Pod | Outside, type: "Ingress" | "Egress", other: Pod | Outside): boolean => {
    if (pod === "outside") return true;
    const mine = policies
      .filter(({ metadata }) => metadata.namespace === pod.namespace)
      .map((policy) => policy["spec"] as Spec)
      .filter((spec) => spec.policyTypes.includes(type) && selects(spec.podSelector, pod.labels));
    // A pod that no policy selects is open to all.
    if (mine.length === 0) return true;
    const rules = mine.flatMap((spec) => (type === "Ingress" ? spec.ingress : spec.egress) ?? []);
    return rules.some((rule) => {
      const peers = type === "Ingress" ? rule.from : rule.to;
      // A rule that names no peers names everybody, and one that names no ports every port.
      const peer = peers === undefined || peers.length === 0 || peers.some((one) => meets(one, other, pod.namespace));
      const ports = rule.ports ?? [];
      return (
        peer &&
        (ports.length === 0 || ports.some((one) => (one.protocol ?? "TCP") === port.protocol && one.port === port.port))
      );
    });
  };
  return side(from, "Egress", to) && side(to, "Ingress", from);
};

const selects = ({ matchLabels = {} }: Selector, labels: Labels): boolean =>
  Object.entries(matchLabels).every(([name, value]) => labels[name] === value);

const meets = ({ namespaceSelector, podSelector, ipBlock }: Peer, other: Pod | Outside, home: string): boolean => {
  if (other === "outside") return ipBlock !== undefined;
  if (ipBlock !== undefined) return false;
  const there =
    namespaceSelector === undefined
      ? other.namespace === home
      : selects(namespaceSelector, { "kubernetes.io/metadata.name": other.namespace });
  return there && selects(podSelector ?? {}, other.labels);
};
