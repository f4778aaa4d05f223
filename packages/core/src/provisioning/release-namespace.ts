import { loadReleasable } from "./load-tenant.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/** Takes away the tenant's namespace with everything in it, however far it was made. Idempotent. */
export const releaseNamespace =
  (ports: Pick<ProvisioningPorts, "registry" | "cluster">): TaskVerb =>
  async (run) => {
    const tenant = await loadReleasable(ports.registry, run.tenantId);
    await ports.cluster.release(tenant, run.operationId);
    return { plane: "namespace", made: null };
  };
