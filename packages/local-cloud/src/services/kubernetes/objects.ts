import type { Collection, Store } from "../../store.ts";
import type { Kind, KubernetesObject } from "./kinds/kind.ts";

/** The objects of one cluster. */
export type Objects = {
  get(kind: Kind, namespace: string, name: string): KubernetesObject | undefined;
  /** Stores an object under a new resource version, and answers it so. */
  put(kind: Kind, object: KubernetesObject): KubernetesObject;
  remove(kind: Kind, object: KubernetesObject): void;
  /** Those of one namespace, or of all when it is empty; by namespace and name. */
  list(kind: Kind, namespace: string): KubernetesObject[];
  /** The resource version of the whole cluster. */
  version(): string;
};

/** Objects are kept in the cloud's store under cluster, kind, namespace and name. */
export const openObjects = (store: Store, cluster: string): Objects => {
  const objects: Collection<KubernetesObject> = store.collection("kubernetes-objects");
  const versions: Collection<number> = store.collection("kubernetes-versions");
  const prefix = (kind: Kind): string => `${cluster}/${kind.group}/${kind.plural}/`;
  const key = (kind: Kind, namespace: string, name: string): string =>
    `${prefix(kind)}${kind.namespaced ? namespace : ""}/${name}`;
  const next = (): string => {
    const version = (versions.get(cluster) ?? 0) + 1;
    versions.put(cluster, version);
    return String(version);
  };
  return {
    get: (kind, namespace, name) => objects.get(key(kind, namespace, name)),
    put(kind, object) {
      const stored = { ...object, metadata: { ...object.metadata, resourceVersion: next() } };
      objects.put(key(kind, object.metadata.namespace ?? "", object.metadata.name), stored);
      return stored;
    },
    remove(kind, object) {
      next();
      objects.delete(key(kind, object.metadata.namespace ?? "", object.metadata.name));
    },
    list: (kind, namespace) =>
      objects.list(prefix(kind) + (namespace === "" ? "" : `${namespace}/`)).map(({ value }) => value),
    version: () => String(versions.get(cluster) ?? 0),
  };
};
