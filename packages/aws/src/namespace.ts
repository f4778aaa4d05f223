import { ProvisioningError, TransientError } from "@tenantry/core/provisioning/errors";
import { type KubernetesObject, tenantIdLabel } from "@tenantry/core/provisioning/namespace-objects";
import type { Cluster } from "@tenantry/core/provisioning/ports";
import { type KubernetesApi, KubernetesError, kubernetesApi } from "./kubernetes-api.ts";

export type EksCluster = {
  readonly name: string;
  readonly endpoint: string;
  /** PEM in base64, as EKS gives it. */
  readonly ca: string | undefined;
  /** A fresh bearer token; asked once for each run, which is far shorter than the token's life. */
  readonly token: () => Promise<string>;
};

const fieldManager = "tenantry";

/** Namespaces of tenants in one EKS cluster. */
export const eksCluster = (cluster: EksCluster): Cluster => ({
  name: cluster.name,
  async ensure({ tenantId, objects, ifServed }) {
    const [namespace, ...inside] = objects;
    if (namespace?.kind !== "Namespace") throw new Error("The first object must be the namespace.");
    const api = kubernetesApi({
      endpoint: cluster.endpoint,
      ca: cluster.ca === undefined ? undefined : Buffer.from(cluster.ca, "base64").toString("utf8"),
      token: await cluster.token(),
    });
    try {
      await refuseForeign(api, namespace, tenantId);
      await api.apply(namespace, fieldManager);
      const applied = await Promise.all(inside.map((object) => applyIfServed(api, object, ifServed)));
      return [namespace, ...inside.filter((_, at) => applied[at])].map(
        ({ kind, metadata }) => `${kind}/${metadata.name}`,
      );
    } finally {
      api.close();
    }
  },
  async release(tenant) {
    throw new ProvisioningError("ReleaseMissing", `The namespace of ${tenant.id} cannot be released.`);
  },
});

/** The label is of the platform's own making; a namespace without it is somebody else's. */
const refuseForeign = async (api: KubernetesApi, namespace: KubernetesObject, tenantId: string): Promise<void> => {
  const found = await api.read(namespace);
  if (found === null) return;
  if (found.metadata.labels?.[tenantIdLabel] !== tenantId)
    throw new ProvisioningError(
      "NameTaken",
      `The namespace ${namespace.metadata.name} exists in the cluster and is not this tenant's.`,
    );
  if ("deletionTimestamp" in found.metadata)
    throw new TransientError(`The namespace ${namespace.metadata.name} is still being deleted.`);
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
