import {
  any,
  asText,
  boolean,
  integer,
  intOrString,
  list,
  listBy,
  map,
  object,
  quantity,
  type Schema,
  set,
  string,
} from "../schema.ts";
import { type Cause, required, wrong } from "../status.ts";
import { conditions, labelSelector, localReference, metadata, root } from "./common.ts";
import { record, records } from "./core.ts";
import { kind, type Kind } from "./kind.ts";

const resources: Schema = object({
  limits: map(quantity),
  requests: map(quantity),
  claims: listBy(object({ "name!": string, request: string }), "name"),
});

const container: Schema = object({
  "name!": string,
  image: string,
  command: list(string),
  args: list(string),
  workingDir: string,
  ports: listBy(
    object({ name: string, hostPort: integer, "containerPort!": integer, protocol: string, hostIP: string }),
    "containerPort",
    "protocol",
  ),
  envFrom: list(any),
  env: listBy(object({ "name!": string, value: string, valueFrom: any }), "name"),
  resources,
  resizePolicy: list(any),
  restartPolicy: string,
  volumeMounts: listBy(
    object({
      "name!": string,
      "mountPath!": string,
      readOnly: boolean,
      recursiveReadOnly: string,
      subPath: string,
      subPathExpr: string,
      mountPropagation: string,
    }),
    "mountPath",
  ),
  volumeDevices: listBy(object({ "name!": string, "devicePath!": string }), "devicePath"),
  livenessProbe: any,
  readinessProbe: any,
  startupProbe: any,
  lifecycle: any,
  terminationMessagePath: string,
  terminationMessagePolicy: string,
  imagePullPolicy: string,
  securityContext: any,
  stdin: boolean,
  stdinOnce: boolean,
  tty: boolean,
});

const podSpec: Schema = object({
  "containers!": listBy(container, "name"),
  initContainers: listBy(container, "name"),
  ephemeralContainers: listBy(any, "name"),
  volumes: listBy(any, "name"),
  restartPolicy: string,
  terminationGracePeriodSeconds: integer,
  activeDeadlineSeconds: integer,
  dnsPolicy: string,
  dnsConfig: any,
  nodeSelector: map(string),
  serviceAccountName: string,
  serviceAccount: string,
  automountServiceAccountToken: boolean,
  nodeName: string,
  hostNetwork: boolean,
  hostPID: boolean,
  hostIPC: boolean,
  hostUsers: boolean,
  shareProcessNamespace: boolean,
  securityContext: any,
  imagePullSecrets: listBy(localReference, "name"),
  hostname: string,
  subdomain: string,
  setHostnameAsFQDN: boolean,
  affinity: any,
  schedulerName: string,
  tolerations: list(any),
  hostAliases: listBy(any, "ip"),
  priorityClassName: string,
  priority: integer,
  preemptionPolicy: string,
  readinessGates: list(any),
  runtimeClassName: string,
  enableServiceLinks: boolean,
  overhead: map(quantity),
  topologySpreadConstraints: list(any),
  os: any,
  schedulingGates: listBy(any, "name"),
  resourceClaims: listBy(any, "name"),
  resources,
});

/** No node and no scheduler: a pod is stored, and stays pending. */
const pods = kind({
  group: "",
  version: "v1",
  kind: "Pod",
  plural: "pods",
  shortNames: ["po"],
  status: true,
  selectable: ["status.phase", "spec.nodeName", "spec.serviceAccountName"],
  schema: root({
    spec: podSpec,
    status: object({
      phase: string,
      conditions,
      message: string,
      reason: string,
      hostIP: string,
      podIP: string,
      startTime: string,
      qosClass: string,
      containerStatuses: list(any),
    }),
  }),
  defaults: (one) => ({
    ...one,
    spec: { restartPolicy: "Always", dnsPolicy: "ClusterFirst", serviceAccountName: "default", ...record(one["spec"]) },
    status: { phase: "Pending", ...record(one["status"]) },
  }),
  validate: (one) => containerCauses(record(one["spec"])["containers"], "spec.containers"),
});

const containerCauses = (value: Parameters<typeof records>[0], path: string): Cause[] => {
  const containers = records(value);
  if (containers.length === 0) return [required(path)];
  return containers.flatMap((one, index) => (one["image"] === undefined ? [required(`${path}[${index}].image`)] : []));
};

/** Stored only: nothing starts its pods. */
const deployments = kind({
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  shortNames: ["deploy"],
  generation: true,
  status: true,
  schema: root({
    spec: object({
      replicas: integer,
      "selector!": labelSelector,
      "template!": object({ metadata, spec: podSpec }),
      strategy: object({ type: string, rollingUpdate: object({ maxSurge: intOrString, maxUnavailable: intOrString }) }),
      minReadySeconds: integer,
      revisionHistoryLimit: integer,
      paused: boolean,
      progressDeadlineSeconds: integer,
    }),
    status: object({
      observedGeneration: integer,
      replicas: integer,
      updatedReplicas: integer,
      readyReplicas: integer,
      availableReplicas: integer,
      unavailableReplicas: integer,
      terminatingReplicas: integer,
      collisionCount: integer,
      conditions,
    }),
  }),
  defaults: (one) => ({
    ...one,
    spec: {
      replicas: 1,
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "25%", maxSurge: "25%" } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...record(one["spec"]),
    },
    status: record(one["status"]),
  }),
  validate(one) {
    const spec = record(one["spec"]);
    const template = record(spec["template"]);
    const wanted = record(record(spec["selector"])["matchLabels"]);
    const labels = record(record(template["metadata"])["labels"]);
    const unmatched = Object.entries(wanted).some(([key, value]) => labels[key] !== value);
    return [
      ...(unmatched
        ? [wrong("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")]
        : []),
      ...containerCauses(record(template["spec"])["containers"], "spec.template.spec.containers"),
    ];
  },
});

const disruptionBudgets = kind({
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  shortNames: ["pdb"],
  generation: true,
  status: true,
  schema: root({
    spec: object({
      minAvailable: intOrString,
      maxUnavailable: intOrString,
      selector: labelSelector,
      unhealthyPodEvictionPolicy: string,
    }),
    status: object({
      observedGeneration: integer,
      disruptionsAllowed: integer,
      currentHealthy: integer,
      desiredHealthy: integer,
      expectedPods: integer,
      disruptedPods: map(string),
      conditions,
    }),
  }),
  defaults: (one) => ({
    ...one,
    status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0, ...record(one["status"]) },
  }),
  validate(one) {
    const spec = record(one["spec"]);
    const { minAvailable: least, maxUnavailable: most } = spec;
    if (least !== undefined && most !== undefined) {
      return [wrong("spec", spec, "minAvailable and maxUnavailable cannot be both set")];
    }
    const [field, value] = least === undefined ? ["spec.maxUnavailable", most] : ["spec.minAvailable", least];
    const bad = typeof value === "number" ? value < 0 : value !== undefined && !/^\d+%$/.test(asText(value));
    return bad ? [wrong(field, value, "must be greater than or equal to 0, or a percentage")] : [];
  },
});

/** A custom resource of the Prometheus operator, which the embedded cluster serves as if its definition were installed. */
const serviceMonitors = kind({
  group: "monitoring.coreos.com",
  version: "v1",
  kind: "ServiceMonitor",
  plural: "servicemonitors",
  shortNames: ["smon"],
  generation: true,
  schema: root({
    "spec!": object({
      "selector!": object({ matchLabels: map(string), matchExpressions: list(any) }),
      "endpoints!": list(any),
      namespaceSelector: object({ any: boolean, matchNames: list(string) }),
      jobLabel: string,
      targetLabels: list(string),
      podTargetLabels: list(string),
      attachMetadata: any,
      sampleLimit: integer,
      targetLimit: integer,
      labelLimit: integer,
      labelNameLengthLimit: integer,
      labelValueLengthLimit: integer,
      keepDroppedTargets: integer,
      scrapeClass: string,
      scrapeProtocols: set(string),
      selectorMechanism: string,
      serviceDiscoveryRole: string,
      bodySizeLimit: string,
      fallbackScrapeProtocol: string,
    }),
  }),
});

export const workloadKinds: readonly Kind[] = [pods, deployments, disruptionBudgets, serviceMonitors];
