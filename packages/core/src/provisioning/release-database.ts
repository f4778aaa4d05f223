import { loadReleasable } from "./load-tenant.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/** Takes away the tenant's database, its roles and its credentials, however far it was made. Idempotent. */
export const releaseDatabase =
  (ports: Pick<ProvisioningPorts, "registry" | "databases">): TaskVerb =>
  async (run) => {
    const tenant = await loadReleasable(ports.registry, run.tenantId);
    await ports.databases.release(tenant);
    return { plane: "database", made: null };
  };
