import {
  asText,
  any,
  atomic,
  atomicMap,
  boolean,
  integer,
  intOrString,
  isRecord,
  list,
  listBy,
  map,
  object,
  quantity,
  string,
  type Value,
} from "../schema.ts";
import { prohibited, required, unsupported, wrong, type Cause } from "../status.ts";
import { conditions, localReference, root } from "./common.ts";
import { kind, type Kind, type KubernetesObject } from "./kind.ts";

export const records = (value: Value | undefined): { [key: string]: Value }[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];

export const record = (value: Value | undefined): { [key: string]: Value } => (isRecord(value) ? value : {});

const namespaces = kind({
  group: "",
  version: "v1",
  kind: "Namespace",
  plural: "namespaces",
  shortNames: ["ns"],
  namespaced: false,
  nameRule: "label",
  status: true,
  selectable: ["status.phase"],
  schema: root({
    spec: object({ finalizers: list(string) }),
    status: object({ phase: string, conditions }),
  }),
  defaults: (one) => ({
    ...one,
    metadata: { ...one.metadata, labels: { ...one.metadata.labels, "kubernetes.io/metadata.name": one.metadata.name } },
    spec: { finalizers: ["kubernetes"], ...record(one["spec"]) },
    status: { phase: "Active", ...record(one["status"]) },
  }),
});

const resourceName = /^([a-z0-9A-Z]([-a-z0-9A-Z_.]*[a-z0-9A-Z])?\/)?[a-z0-9A-Z]([-a-z0-9A-Z_.]*[a-z0-9A-Z])?$/;

const scopes = [
  "BestEffort",
  "CrossNamespacePodAffinity",
  "NotBestEffort",
  "NotTerminating",
  "PriorityClass",
  "Terminating",
];

const resourceQuotas = kind({
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  shortNames: ["quota"],
  status: true,
  schema: root({
    spec: object({
      hard: map(quantity),
      scopes: list(string),
      scopeSelector: atomic({
        matchExpressions: list(object({ "scopeName!": string, "operator!": string, values: list(string) })),
      }),
    }),
    status: object({ hard: map(quantity), used: map(quantity) }),
  }),
  defaults: (one) => ({ ...one, status: record(one["status"]) }),
  validate(one) {
    const spec = record(one["spec"]);
    const hard = Object.entries(record(spec["hard"])).flatMap(([name, value]): Cause[] => {
      if (!resourceName.test(name))
        return [wrong(`spec.hard[${name}]`, name, "name part must consist of alphanumeric characters")];
      return asText(value).startsWith("-")
        ? [wrong(`spec.hard[${name}]`, value, "must be greater than or equal to 0")]
        : [];
    });
    const chosen = Array.isArray(spec["scopes"]) ? spec["scopes"] : [];
    return [
      ...hard,
      ...chosen
        .filter((scope) => !scopes.includes(asText(scope)))
        .map((scope) => unsupported("spec.scopes", scope, scopes)),
    ];
  },
});

const limitTypes = ["Container", "PersistentVolumeClaim", "Pod"];

const limitRanges = kind({
  group: "",
  version: "v1",
  kind: "LimitRange",
  plural: "limitranges",
  shortNames: ["limits"],
  schema: root({
    spec: object({
      "limits!": list(
        object({
          "type!": string,
          max: map(quantity),
          min: map(quantity),
          default: map(quantity),
          defaultRequest: map(quantity),
          maxLimitRequestRatio: map(quantity),
        }),
      ),
    }),
  }),
  // A maximum is the default limit, and that is the default request, unless they are given.
  defaults(one) {
    const limits = records(record(one["spec"])["limits"]).map((limit) => {
      if (limit["type"] !== "Container") return limit;
      const standard = { ...record(limit["max"]), ...record(limit["default"]) };
      const requests = { ...standard, ...record(limit["min"]), ...record(limit["defaultRequest"]) };
      return {
        ...limit,
        ...(Object.keys(standard).length > 0 && { default: standard }),
        ...(Object.keys(requests).length > 0 && { defaultRequest: requests }),
      };
    });
    return limits.length === 0 ? one : { ...one, spec: { ...record(one["spec"]), limits } };
  },
  validate: (one) =>
    records(record(one["spec"])["limits"]).flatMap((limit, index) => {
      const type = asText(limit["type"]);
      return limitTypes.includes(type) || type.includes("/")
        ? []
        : [wrong(`spec.limits[${index}].type`, type, "must be a standard limit type or fully qualified")];
    }),
});

const serviceAccounts = kind({
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  shortNames: ["sa"],
  schema: root({
    secrets: listBy(
      object({
        name: string,
        namespace: string,
        kind: string,
        uid: string,
        apiVersion: string,
        resourceVersion: string,
        fieldPath: string,
      }),
      "name",
    ),
    imagePullSecrets: list(localReference),
    automountServiceAccountToken: boolean,
  }),
});

const dataKey = /^[-._a-zA-Z0-9]{1,253}$/;

const dataKeys = (one: KubernetesObject, ...fields: string[]): Cause[] =>
  fields.flatMap((field) =>
    Object.keys(record(one[field]))
      .filter((key) => !dataKey.test(key))
      .map((key) =>
        wrong(`${field}[${key}]`, key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"),
      ),
  );

const unchangeable = (one: KubernetesObject, old: KubernetesObject | undefined, ...fields: string[]): Cause[] =>
  old?.["immutable"] !== true
    ? []
    : [...fields, "immutable"]
        .filter((field) => JSON.stringify(one[field]) !== JSON.stringify(old[field]))
        .map((field) => prohibited(field, "field is immutable when `immutable` is set"));

const configMaps = kind({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  shortNames: ["cm"],
  schema: root({ data: map(string), binaryData: map(string), immutable: boolean }),
  validate: (one, old) => [...dataKeys(one, "data", "binaryData"), ...unchangeable(one, old, "data", "binaryData")],
});

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const secrets = kind({
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  selectable: ["type"],
  schema: root({ data: map(string), stringData: map(string), type: string, immutable: boolean }),
  defaults({ stringData, ...one }) {
    const written = Object.entries(record(stringData)).map(([key, value]): [string, Value] => [
      key,
      Buffer.from(asText(value)).toString("base64"),
    ]);
    const data = { ...record(one["data"]), ...Object.fromEntries(written) };
    return { type: "Opaque", ...one, ...(Object.keys(data).length > 0 && { data }) };
  },
  validate: (one, old) => [
    ...dataKeys(one, "data"),
    ...Object.entries(record(one["data"]))
      .filter(([, value]) => !base64.test(asText(value)))
      .map(([key]) => wrong(`data[${key}]`, "<secret>", "illegal base64 data")),
    ...unchangeable(one, old, "data", "type"),
    ...(old !== undefined && old["type"] !== one["type"] ? [wrong("type", one["type"], "field is immutable")] : []),
  ],
});

const services = kind({
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  shortNames: ["svc"],
  nameRule: "label1035",
  status: true,
  schema: root({
    spec: object({
      ports: listBy(
        object({
          name: string,
          protocol: string,
          appProtocol: string,
          "port!": integer,
          targetPort: intOrString,
          nodePort: integer,
        }),
        "port",
        "protocol",
      ),
      selector: atomicMap(string),
      clusterIP: string,
      clusterIPs: list(string),
      type: string,
      externalIPs: list(string),
      sessionAffinity: string,
      sessionAffinityConfig: object({ clientIP: object({ timeoutSeconds: integer }) }),
      loadBalancerIP: string,
      loadBalancerSourceRanges: list(string),
      loadBalancerClass: string,
      externalName: string,
      externalTrafficPolicy: string,
      internalTrafficPolicy: string,
      trafficDistribution: string,
      healthCheckNodePort: integer,
      publishNotReadyAddresses: boolean,
      ipFamilies: list(string),
      ipFamilyPolicy: string,
      allocateLoadBalancerNodePorts: boolean,
    }),
    status: object({ loadBalancer: any, conditions }),
  }),
  defaults(one) {
    const spec = record(one["spec"]);
    const ports = records(spec["ports"]).map((port) => ({ protocol: "TCP", targetPort: port["port"] ?? 0, ...port }));
    return {
      ...one,
      spec: { type: "ClusterIP", sessionAffinity: "None", ...spec, ...(ports.length > 0 && { ports }) },
      status: { loadBalancer: {}, ...record(one["status"]) },
    };
  },
  validate(one) {
    const spec = record(one["spec"]);
    const types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    const ports = records(spec["ports"]);
    return [
      ...(types.includes(asText(spec["type"])) ? [] : [unsupported("spec.type", spec["type"], types)]),
      ...(ports.length === 0 && spec["type"] !== "ExternalName" && spec["clusterIP"] !== "None"
        ? [required("spec.ports")]
        : []),
      ...ports.flatMap((port, index) => {
        const number = Number(port["port"]);
        const bad = number < 1 || number > 65_535;
        const unnamed = ports.length > 1 && port["name"] === undefined;
        return [
          ...(bad ? [wrong(`spec.ports[${index}].port`, number, "must be between 1 and 65535, inclusive")] : []),
          ...(unnamed ? [required(`spec.ports[${index}].name`)] : []),
        ];
      }),
    ];
  },
});

export const coreKinds: readonly Kind[] = [
  namespaces,
  resourceQuotas,
  limitRanges,
  serviceAccounts,
  configMaps,
  secrets,
  services,
];
