import { loadProvisioning } from "./load-tenant.ts";
import { namespaceObjects } from "./namespace-objects.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/** Makes the tenant's namespace with its quota, policies and roles, and gives its pods the tenant's role. Idempotent. */
export const provisionNamespace =
  (ports: Pick<ProvisioningPorts, "registry" | "cluster">): TaskVerb =>
  async (run) => {
    const tenant = await loadProvisioning(ports.registry, run.tenantId);
    const made = await ports.cluster.ensure({
      tenantId: tenant.id,
      slug: tenant.slug,
      operationId: run.operationId,
      objects: namespaceObjects(tenant),
      // A cluster without the Prometheus operator scrapes by other means.
      ifServed: ["ServiceMonitor"],
    });
    return { plane: "namespace", made };
  };
