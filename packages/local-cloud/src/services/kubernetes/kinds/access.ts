import { any, asText, atomic, integer, intOrString, list, object, type Schema, string } from "../schema.ts";
import { required, unsupported, wrong } from "../status.ts";
import { labelSelector, root } from "./common.ts";
import { record, records } from "./core.ts";
import { kind, type Kind, type KubernetesObject } from "./kind.ts";

const rbac = "rbac.authorization.k8s.io";

const rules: Schema = list(
  object({
    apiGroups: list(string),
    resources: list(string),
    "verbs!": list(string),
    resourceNames: list(string),
    nonResourceURLs: list(string),
  }),
);

const roleCauses = (one: KubernetesObject) =>
  records(one["rules"]).flatMap((rule, index) => {
    const at = `rules[${index}]`;
    const plain = rule["nonResourceURLs"] === undefined;
    return [
      ...(plain && rule["apiGroups"] === undefined
        ? [required(`${at}.apiGroups`, "resource rules must supply at least one api group")]
        : []),
      ...(plain && rule["resources"] === undefined
        ? [required(`${at}.resources`, "resource rules must supply at least one resource")]
        : []),
    ];
  });

const role = (name: "Role" | "ClusterRole", plural: string): Kind =>
  kind({
    group: rbac,
    version: "v1",
    kind: name,
    plural,
    namespaced: name === "Role",
    nameRule: "path",
    schema: root({ rules, ...(name === "ClusterRole" && { aggregationRule: any }) }),
    validate: roleCauses,
  });

const binding = (name: "RoleBinding" | "ClusterRoleBinding", plural: string): Kind =>
  kind({
    group: rbac,
    version: "v1",
    kind: name,
    plural,
    namespaced: name === "RoleBinding",
    nameRule: "path",
    schema: root({
      subjects: list(object({ "kind!": string, apiGroup: string, "name!": string, namespace: string })),
      "roleRef!": atomic({ apiGroup: string, "kind!": string, "name!": string }),
    }),
    defaults(one) {
      const subjects = records(one["subjects"]).map((subject) =>
        subject["kind"] === "ServiceAccount" ? subject : { apiGroup: rbac, ...subject },
      );
      return {
        ...one,
        ...(subjects.length > 0 && { subjects }),
        ...(one["roleRef"] !== undefined && { roleRef: { apiGroup: rbac, ...record(one["roleRef"]) } }),
      };
    },
    validate(one, old) {
      const reference = record(one["roleRef"]);
      const kinds = name === "RoleBinding" ? ["Role", "ClusterRole"] : ["ClusterRole"];
      const was = old && record(old["roleRef"]);
      const changed = was && ["kind", "name"].some((field) => was[field] !== reference[field]);
      const subjectKinds = ["ServiceAccount", "User", "Group"];
      return [
        ...(kinds.includes(asText(reference["kind"])) ? [] : [unsupported("roleRef.kind", reference["kind"], kinds)]),
        ...(changed ? [wrong("roleRef", reference, "cannot change roleRef")] : []),
        ...records(one["subjects"]).flatMap((subject, index) => {
          const at = `subjects[${index}]`;
          if (!subjectKinds.includes(asText(subject["kind"])))
            return [unsupported(`${at}.kind`, subject["kind"], subjectKinds)];
          return subject["kind"] === "ServiceAccount" && subject["namespace"] === undefined
            ? [required(`${at}.namespace`)]
            : [];
        }),
      ];
    },
  });

const peers: Schema = list(
  object({
    podSelector: labelSelector,
    namespaceSelector: labelSelector,
    ipBlock: object({ "cidr!": string, except: list(string) }),
  }),
);

const ports: Schema = list(object({ protocol: string, port: intOrString, endPort: integer }));

const networkPolicies = kind({
  group: "networking.k8s.io",
  version: "v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  shortNames: ["netpol"],
  generation: true,
  schema: root({
    spec: object({
      podSelector: labelSelector,
      ingress: list(object({ from: peers, ports })),
      egress: list(object({ to: peers, ports })),
      policyTypes: list(string),
    }),
  }),
  defaults(one) {
    const { policyTypes, ...spec } = record(one["spec"]);
    const withProtocol = (direction: string) =>
      records(spec[direction]).map((rule) => {
        const named = records(rule["ports"]).map((port) => ({ protocol: "TCP", ...port }));
        return named.length === 0 ? rule : { ...rule, ports: named };
      });
    const [ingress, egress] = [withProtocol("ingress"), withProtocol("egress")];
    return {
      ...one,
      spec: {
        podSelector: {},
        ...spec,
        ...(ingress.length > 0 && { ingress }),
        ...(egress.length > 0 && { egress }),
        policyTypes: policyTypes ?? ["Ingress", ...(egress.length > 0 ? ["Egress"] : [])],
      },
    };
  },
  validate(one) {
    const spec = record(one["spec"]);
    const types = Array.isArray(spec["policyTypes"]) ? spec["policyTypes"] : [];
    return [
      ...types
        .filter((type) => type !== "Ingress" && type !== "Egress")
        .map((type) => unsupported("spec.policyTypes", type, ["Ingress", "Egress"])),
      ...(["ingress", "egress"] as const).flatMap((direction) =>
        records(spec[direction]).flatMap((rule, index) =>
          records(rule[direction === "ingress" ? "from" : "to"]).flatMap((peer, at) => {
            const field = `spec.${direction}[${index}].${direction === "ingress" ? "from" : "to"}[${at}]`;
            if (Object.keys(peer).length === 0) return [required(field, "must specify a peer")];
            const mixed = peer["ipBlock"] !== undefined && Object.keys(peer).length > 1;
            return mixed ? [wrong(field, peer, "may not specify both ipBlock and another peer")] : [];
          }),
        ),
      ),
    ];
  },
});

export const accessKinds: readonly Kind[] = [
  role("Role", "roles"),
  role("ClusterRole", "clusterroles"),
  binding("RoleBinding", "rolebindings"),
  binding("ClusterRoleBinding", "clusterrolebindings"),
  networkPolicies,
];
