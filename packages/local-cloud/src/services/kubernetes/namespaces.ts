import type { Kind, KubernetesObject } from "./kinds/kind.ts";
import { kindNamed, kinds } from "./kinds/table.ts";
import type { Objects } from "./objects.ts";
import { conflict, forbidden, notFound } from "./status.ts";
import { prepareNew, subjectOf, timestamp } from "./write.ts";

/** How long a namespace is seen terminating before it is gone. */
const terminatingTime = 150;

const permanent = new Set(["default", "kube-system", "kube-public", "kube-node-lease"]);

/** The life of namespaces: what comes into being with one, and what goes with it. */
export const createNamespaces = (objects: Objects, certificate: string) => {
  const namespaces = kindNamed("Namespace");
  const timers = new Set<NodeJS.Timeout>();

  const make = (kind: Kind, namespace: string, fields: Record<string, unknown>): void => {
    const name = (fields["metadata"] as { name: string }).name;
    if (objects.get(kind, namespace, name) !== undefined) return;
    const given = { apiVersion: "v1", kind: kind.kind, ...fields } as unknown as KubernetesObject;
    objects.put(
      kind,
      prepareNew(kind, given, namespace, (object) => object),
    );
  };

  /** What the controllers of a real cluster put into each namespace. */
  const furnish = (name: string): void => {
    make(kindNamed("ServiceAccount"), name, { metadata: { name: "default" } });
    make(kindNamed("ConfigMap"), name, { metadata: { name: "kube-root-ca.crt" }, data: { "ca.crt": certificate } });
  };

  const empty = (name: string): void => {
    const namespace = objects.get(namespaces, "", name);
    if (namespace?.metadata.deletionTimestamp === undefined) return;
    for (const kind of kinds.filter((one) => one.namespaced)) {
      for (const object of objects.list(kind, name)) objects.remove(kind, object);
    }
    objects.remove(namespaces, namespace);
  };

  const emptySoon = (name: string): void => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      empty(name);
    }, terminatingTime);
    timers.add(timer);
  };

  return {
    furnish,
    /** The namespaces that every cluster has; and those that were terminating when the cloud stopped, go. */
    start(): void {
      for (const name of permanent) {
        make(namespaces, "", { metadata: { name } });
        furnish(name);
      }
      for (const { metadata } of objects.list(namespaces, "")) empty(metadata.name);
    },
    /** @throws StatusError when nothing new may come into a namespace. */
    admit(kind: Kind, namespace: string, name: string): void {
      if (!kind.namespaced) return;
      const found = objects.get(namespaces, "", namespace);
      if (found === undefined) throw notFound(subjectOf(namespaces, namespace));
      if (found.metadata.deletionTimestamp === undefined) return;
      throw forbidden(
        subjectOf(kind, name),
        `unable to create new content in namespace ${namespace} because it is being terminated`,
        [
          {
            reason: "NamespaceTerminating",
            message: `namespace ${namespace} is being terminated`,
            field: "metadata.namespace",
          },
        ],
      );
    },
    /** Begins the end of a namespace, and answers how it looks until then. */
    terminate(namespace: KubernetesObject, dryRun: boolean): KubernetesObject {
      const { name, deletionTimestamp } = namespace.metadata;
      if (permanent.has(name)) throw forbidden(subjectOf(namespaces, name), "this namespace may not be deleted");
      if (deletionTimestamp !== undefined) {
        throw conflict(
          subjectOf(namespaces, name),
          "The system is ensuring all content is removed from this namespace.  Upon completion, this namespace will automatically be purged by the system.",
        );
      }
      const ending: KubernetesObject = {
        ...namespace,
        metadata: { ...namespace.metadata, deletionTimestamp: timestamp() },
        status: { phase: "Terminating" },
      };
      if (dryRun) return ending;
      emptySoon(name);
      return objects.put(namespaces, ending);
    },
    close(): void {
      for (const timer of timers) clearTimeout(timer);
    },
  };
};
