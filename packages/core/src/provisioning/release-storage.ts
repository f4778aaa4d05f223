import { loadReleasable } from "./load-tenant.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/** Takes away the tenant's folder with all that lies in it, however far it was made. Idempotent. */
export const releaseStorage =
  (ports: Pick<ProvisioningPorts, "registry" | "clock" | "storage">): TaskVerb =>
  async (run) => {
    const tenant = await loadReleasable(ports.registry, run.tenantId);
    await ports.storage.release(tenant);
    await ports.registry.clearResources(tenant.id, "storage", ports.clock().toISOString());
  };
