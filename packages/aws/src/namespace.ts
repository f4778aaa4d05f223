import { setTimeout as sleep } from "node:timers/promises";
import { ProvisioningError, TransientError } from "@tenantry/core/provisioning/errors";
import { type KubernetesObject, namespaceOf, ownedBy } from "@tenantry/core/provisioning/namespace-objects";
import type { Cluster } from "@tenantry/core/provisioning/ports";
import { type KubernetesApi, KubernetesError, kubernetesApi } from "./kubernetes-api.ts";
import { assertKnownToKubernetes } from "./kubernetes-schemas.ts";

export type EksCluster = {
  readonly name: string;
  readonly endpoint: string;
  /** PEM in base64, as EKS gives it. */
  readonly ca: string | undefined;
  /** A fresh bearer token; asked once for each run, which is far shorter than the token's life. */
  readonly token: () => Promise<string>;
  /** How long a release waits for the cluster to finish a deletion before it asks to be run again. */
  readonly patienceMs?: number;
};

const fieldManager = "tenantry";

/** Namespaces of tenants in one EKS cluster. */
export const eksCluster = (cluster: EksCluster): Cluster => ({
  name: cluster.name,
  async ensure({ tenantId, objects, ifServed }) {
    const [namespace, ...inside] = objects;
    if (namespace?.kind !== "Namespace") throw new Error("The first object must be the namespace.");
    assertKnownToKubernetes(objects);
    return talk(cluster, async (api) => {
      await refuseForeign(api, namespace, tenantId);
      await api.apply(namespace, fieldManager);
      const applied = await Promise.all(inside.map((object) => applyIfServed(api, object, ifServed)));
      return {
        cluster: cluster.name,
        name: namespace.metadata.name,
        objects: [namespace, ...inside.filter((_, at) => applied[at])].map(
          ({ kind, metadata }) => `${kind}/${metadata.name}`,
        ),
      };
    });
  },
  async release(tenant) {
    const namespace = namespaceOf(tenant);
    await talk(cluster, async (api) => {
      const found = await api.read(namespace);
      // A namespace that is somebody else's is none of this tenant's remains.
      if (found === null || !ownedBy(found, tenant.id)) return;
      await api.remove(found);
      await gone(api, namespace, found.metadata.uid, cluster.patienceMs ?? 40_000);
    });
  },
});

const talk = async <T>(cluster: EksCluster, work: (api: KubernetesApi) => Promise<T>): Promise<T> => {
  const api = kubernetesApi({
    endpoint: cluster.endpoint,
    ca: cluster.ca === undefined ? undefined : Buffer.from(cluster.ca, "base64").toString("utf8"),
    token: await cluster.token(),
  });
  try {
    return await work(api);
  } finally {
    api.close();
  }
};

/** The label is of the platform's own making; a namespace without it is somebody else's. */
const refuseForeign = async (api: KubernetesApi, namespace: KubernetesObject, tenantId: string): Promise<void> => {
  const found = await api.read(namespace);
  if (found === null) return;
  if (!ownedBy(found, tenantId))
    throw new ProvisioningError(
      "NameTaken",
      `The namespace ${namespace.metadata.name} exists in the cluster and is not this tenant's.`,
    );
  if (found.metadata.deletionTimestamp !== undefined)
    throw new TransientError(`The namespace ${namespace.metadata.name} is still being deleted.`);
};

/** Kubernetes empties a namespace after it has answered the deletion; pods may take their grace period. */
const gone = async (
  api: KubernetesApi,
  namespace: KubernetesObject,
  uid: string | undefined,
  patienceMs: number,
): Promise<void> => {
  const until = Date.now() + patienceMs;
  for (let pause = 50; ; pause = Math.min(pause * 2, 2000)) {
    const found = await api.read(namespace);
    if (found === null || found.metadata.uid !== uid) return;
    if (Date.now() + pause > until)
      throw new TransientError(`The namespace ${namespace.metadata.name} is still being deleted.`);
    await sleep(pause);
  }
};

/** False when the cluster does not know the kind and may do without it. */
const applyIfServed = async (
  api: KubernetesApi,
  object: KubernetesObject,
  ifServed: readonly string[],
): Promise<boolean> => {
  try {
    await api.apply(object, fieldManager);
    return true;
  } catch (error) {
    if (error instanceof KubernetesError && error.code === 404 && ifServed.includes(object.kind)) return false;
    throw error;
  }
};
