import { loadReleasable } from "./load-tenant.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/**
 * Takes away what the tenant was given to sign in with, its memberships and its usage key, however far they were made. The API stops
 * accepting its tokens first. Idempotent.
 */
export const releaseIdentity =
  (ports: Pick<ProvisioningPorts, "registry" | "users" | "issuers" | "usageKeys">): TaskVerb =>
  async (run) => {
    const { registry, issuers } = ports;
    const tenant = await loadReleasable(registry, run.tenantId);
    for (const issuer of await issuers.of(tenant.id)) await issuers.remove(issuer);
    for (const userId of await registry.membersOf(tenant.id)) await registry.removeMembership(userId, tenant.id);
    await ports.users.release(tenant, {
      async leaving(userId) {
        await registry.removeMembership(userId, tenant.id);
        return (await registry.membershipsOf(userId)).length === 0 ? "free" : "held";
      },
      closing: (client) => issuers.remove(client),
    });
    await ports.usageKeys.release(tenant);
    return { plane: "identity", made: null };
  };
