import { loadProvisioning } from "./load-tenant.ts";
import { planeNames } from "./names.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/** The folders of every tenant, held open by an empty object each. */
const objects = ["uploads/.keep", "exports/.keep"] as const;

/** Makes the tenant's folders in the shared bucket. Idempotent. */
export const provisionStorage =
  (ports: Pick<ProvisioningPorts, "registry" | "clock" | "storage">): TaskVerb =>
  async (run) => {
    const tenant = await loadProvisioning(ports.registry, run.tenantId);
    const { prefix } = planeNames(tenant.slug);
    const made = await ports.storage.ensure({ tenantId: tenant.id, prefix, objects });
    await ports.registry.recordResources(tenant.id, "storage", made, ports.clock().toISOString());
  };
