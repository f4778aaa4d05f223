import { tiers } from "../tenant/tier.ts";
import { ProvisioningError } from "./errors.ts";
import { loadProvisioning } from "./load-tenant.ts";
import { planeNames } from "./names.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/**
 * Makes sure that the planes can be made for this tenant before any of them is.
 *
 * @throws ProvisioningError `TenantNotFound`, `TenantNotProvisioning`, `TierUnknown`, `SlugUnlawful`.
 */
export const validateTenant =
  (ports: Pick<ProvisioningPorts, "registry">): TaskVerb =>
  async (run) => {
    const tenant = await loadProvisioning(ports.registry, run.tenantId);
    if (!Object.hasOwn(tiers, tenant.tier))
      throw new ProvisioningError("TierUnknown", `There is no tier ${tenant.tier} any more.`);
    planeNames(tenant.slug);
  };
