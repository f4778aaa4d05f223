import { tiers } from "../tenant/tier.ts";
import { loadProvisioning } from "./load-tenant.ts";
import { planeNames } from "./names.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/** Gives the tenant a login to a database, shared or its own as the tier says. Idempotent. */
export const provisionDatabase =
  (ports: Pick<ProvisioningPorts, "registry" | "databases">): TaskVerb =>
  async (run) => {
    const tenant = await loadProvisioning(ports.registry, run.tenantId);
    const { database } = planeNames(tenant.slug);
    const made = await ports.databases.ensure({
      tenantId: tenant.id,
      slug: tenant.slug,
      isolation: tiers[tenant.tier].database,
      name: database,
      role: database,
    });
    return { plane: "database", made };
  };
