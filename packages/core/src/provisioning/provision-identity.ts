import type { Role } from "../access/policy.ts";
import { loadProvisioning } from "./load-tenant.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

const ownerRoles = ["tenant-owner"] as const satisfies readonly Role[];

/** Invites the owner, or takes the user they already are, and makes them a member of the tenant. Idempotent. */
export const provisionIdentity =
  (ports: Pick<ProvisioningPorts, "registry" | "clock" | "users">): TaskVerb =>
  async (run) => {
    const tenant = await loadProvisioning(ports.registry, run.tenantId);
    const made = await ports.users.ensure({ email: tenant.owner.email });
    const at = ports.clock().toISOString();
    await ports.registry.addMembership({
      user_id: made.owner_user_id,
      tenant_id: tenant.id,
      roles: ownerRoles,
      created_at: at,
    });
    await ports.registry.recordResources(tenant.id, "identity", made, at);
  };
