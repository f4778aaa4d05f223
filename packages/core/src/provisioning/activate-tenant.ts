import { statusCommit } from "./commit.ts";
import { ProvisioningError } from "./errors.ts";
import { loadTenant, notProvisioning } from "./load-tenant.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

const planes = ["database", "storage", "identity", "namespace"] as const;

/**
 * Opens the tenant for use once every plane is recorded. A second run finds it active and changes nothing.
 *
 * @throws ProvisioningError `PlaneMissing` when a plane was not recorded; `TenantNotProvisioning`.
 */
export const activateTenant =
  (ports: Pick<ProvisioningPorts, "registry" | "clock" | "newId">): TaskVerb =>
  async (run) => {
    const tenant = await loadTenant(ports.registry, run.tenantId);
    const missing = planes.filter((plane) => tenant.resources[plane] === undefined);
    if (missing.length > 0)
      throw new ProvisioningError("PlaneMissing", `Nothing was recorded for the tenant's ${missing.join(" and ")}.`);

    const at = ports.clock().toISOString();
    const moved = await ports.registry.moveTenant(
      tenant.id,
      ["provisioning"],
      "active",
      at,
      statusCommit(ports, run, at, {
        action: "tenant.activate",
        from: "provisioning",
        to: "active",
        event: "tenant.activated.v1",
        data: { name: tenant.name, slug: tenant.slug, tier: tenant.tier },
      }),
    );
    if (moved !== null) return;
    const now = await loadTenant(ports.registry, run.tenantId);
    if (now.status !== "active") throw notProvisioning(now);
  };
