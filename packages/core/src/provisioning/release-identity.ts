import { loadReleasable } from "./load-tenant.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/** Takes away what the tenant was given to sign in with, and its memberships, however far it was made. Idempotent. */
export const releaseIdentity =
  (ports: Pick<ProvisioningPorts, "registry" | "clock" | "users">): TaskVerb =>
  async (run) => {
    const tenant = await loadReleasable(ports.registry, run.tenantId);
    await ports.users.release(tenant);
    await ports.registry.clearResources(tenant.id, "identity", ports.clock().toISOString());
  };
