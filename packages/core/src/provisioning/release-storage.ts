import { loadReleasable } from "./load-tenant.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/** Takes away the tenant's folder with all that lies in it, however far it was made. Idempotent. */
export const releaseStorage =
  (ports: Pick<ProvisioningPorts, "registry" | "storage">): TaskVerb =>
  async (run) => {
    const tenant = await loadReleasable(ports.registry, run.tenantId);
    await ports.storage.release(tenant);
    return { plane: "storage", made: null };
  };
