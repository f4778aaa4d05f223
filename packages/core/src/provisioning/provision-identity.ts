import type { Role } from "../access/policy.ts";
import { tiers } from "../tenant/tier.ts";
import { loadProvisioning } from "./load-tenant.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

const ownerRoles = ["tenant-owner"] as const satisfies readonly Role[];

/**
 * Invites the owner, or takes the user they already are, makes them a member of the tenant, and has the API accept the
 * tokens of the tenant's own client or user pool. The tenant's requests are counted under a key of its own. Idempotent.
 */
export const provisionIdentity =
  (ports: Pick<ProvisioningPorts, "registry" | "clock" | "users" | "issuers" | "usageKeys">): TaskVerb =>
  async (run) => {
    const { id, slug, tier, owner } = await loadProvisioning(ports.registry, run.tenantId);
    const isolation = tiers[tier].identity;
    // First: nobody is invited to what there is no key for.
    const usage_key_id = await ports.usageKeys.ensure({ tenantId: id, tier });
    const made = await ports.users.ensure({ tenantId: id, slug, isolation, email: owner.email });
    const at = ports.clock().toISOString();
    await ports.registry.addMembership({
      user_id: made.owner_user_id,
      tenant_id: id,
      roles: ownerRoles,
      created_at: at,
      email: made.owner_email,
    });
    // Another tenant's release may be taking this user away: it saw the membership, or this sees that it goes.
    await ports.users.confirm(made).catch(async (error: unknown) => {
      await ports.registry.removeMembership(made.owner_user_id, id);
      throw error;
    });
    if (made.client_id !== undefined)
      await ports.issuers.register({ user_pool_id: made.user_pool_id, client_id: made.client_id, tenant_id: id });
    return { plane: "identity", made: { ...made, usage_key_id } };
  };
