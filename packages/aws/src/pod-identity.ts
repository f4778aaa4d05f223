import {
  CreatePodIdentityAssociationCommand,
  DeletePodIdentityAssociationCommand,
  DescribePodIdentityAssociationCommand,
  EKSClient,
  ListPodIdentityAssociationsCommand,
  type PodIdentityAssociation,
  ResourceInUseException,
  ResourceNotFoundException,
} from "@aws-sdk/client-eks";
import { ProvisioningError, TransientError } from "@tenantry/core/provisioning/errors";
import { namespaceOf, serviceAccount, tenantIdLabel } from "@tenantry/core/provisioning/namespace-objects";
import type { Cluster } from "@tenantry/core/provisioning/ports";

export type PodIdentities = {
  /** Gives the tenant's service account the role; the id of the association. */
  ensure(tenantId: string, namespace: string): Promise<string>;
  release(tenantId: string, namespace: string): Promise<void>;
};

/**
 * EKS Pod Identity associations of tenants' service accounts with one role. EKS tags each session with the pod's
 * namespace, and the role's policy admits a session to what bears that name.
 */
export const eksPodIdentities = (clusterName: string, roleArn: string, client = new EKSClient({})): PodIdentities => {
  const find = async (namespace: string): Promise<PodIdentityAssociation | undefined> => {
    const list = new ListPodIdentityAssociationsCommand({ clusterName, namespace, serviceAccount });
    const [found] = (await client.send(list)).associations ?? [];
    if (found?.associationId === undefined) return undefined;
    const describe = new DescribePodIdentityAssociationCommand({ clusterName, associationId: found.associationId });
    return (await client.send(describe).catch(absent))?.association;
  };
  const remove = (associationId: string) =>
    client.send(new DeletePodIdentityAssociationCommand({ clusterName, associationId })).catch(absent);

  return {
    async ensure(tenantId, namespace) {
      const found = await find(namespace);
      if (found?.associationId !== undefined) {
        if (found.tags?.[tenantIdLabel] !== tenantId)
          throw new ProvisioningError("NameTaken", `The pods of ${namespace} have a role that is not this tenant's.`);
        if (found.roleArn === roleArn) return found.associationId;
        await remove(found.associationId);
      }
      const create = new CreatePodIdentityAssociationCommand({
        clusterName,
        namespace,
        serviceAccount,
        roleArn,
        tags: { [tenantIdLabel]: tenantId },
      });
      try {
        return (await client.send(create)).association!.associationId!;
      } catch (error) {
        if (!(error instanceof ResourceInUseException)) throw error;
        throw new TransientError("The association was made by another run at the same instant.", { cause: error });
      }
    },
    async release(tenantId, namespace) {
      const found = await find(namespace);
      if (found?.associationId !== undefined && found.tags?.[tenantIdLabel] === tenantId)
        await remove(found.associationId);
    },
  };
};

const absent = (error: unknown): undefined => {
  if (error instanceof ResourceNotFoundException) return undefined;
  throw error;
};

/** A cluster whose tenants' pods have a role: it is given when the namespace stands, and taken before it goes. */
export const withPodIdentities = (cluster: Cluster, identities: PodIdentities): Cluster => ({
  name: cluster.name,
  async ensure(request) {
    const made = await cluster.ensure(request);
    return { ...made, pod_identity_association: await identities.ensure(request.tenantId, made.name) };
  },
  async release(tenant, operationId) {
    await identities.release(tenant.id, namespaceOf(tenant).metadata.name);
    await cluster.release(tenant, operationId);
  },
});
