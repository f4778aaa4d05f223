import type { Registry } from "../ports.ts";
import type { Tenant, TenantStatus } from "../tenant/tenant.ts";
import { ProvisioningError } from "./errors.ts";

/** @throws ProvisioningError `TenantNotFound`. */
export const loadTenant = async (registry: Pick<Registry, "getTenant">, id: string): Promise<Tenant> => {
  const tenant = await registry.getTenant(id);
  if (tenant === null) throw new ProvisioningError("TenantNotFound", `There is no tenant ${id}.`);
  return tenant;
};

/** @throws ProvisioningError `TenantNotProvisioning`: nothing may be made for a tenant that is not being onboarded. */
export const loadProvisioning = async (registry: Pick<Registry, "getTenant">, id: string): Promise<Tenant> => {
  const tenant = await loadTenant(registry, id);
  if (tenant.status !== "provisioning") throw notProvisioning(tenant);
  return tenant;
};

/**
 * @throws ProvisioningError `TenantNotReleasable`: nothing may be taken from a tenant that is in use.
 */
export const loadReleasable = async (registry: Pick<Registry, "getTenant">, id: string): Promise<Tenant> => {
  const tenant = await loadTenant(registry, id);
  if (!releasable.has(tenant.status))
    throw new ProvisioningError("TenantNotReleasable", `The tenant ${tenant.id} is ${tenant.status}, so it is in use.`);
  return tenant;
};

const releasable: ReadonlySet<TenantStatus> = new Set(["provisioning", "failed", "offboarding"]);

export const notProvisioning = (tenant: Tenant): ProvisioningError =>
  new ProvisioningError(
    "TenantNotProvisioning",
    `The tenant ${tenant.id} is ${tenant.status}; only a provisioning tenant can be onboarded.`,
  );
