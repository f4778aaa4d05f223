import { loadProvisioning } from "./load-tenant.ts";
import { planeNames } from "./names.ts";
import { namespaceObjects } from "./namespace-objects.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/** Makes the tenant's namespace with its quota, policies and roles. Idempotent. */
export const provisionNamespace =
  (ports: Pick<ProvisioningPorts, "registry" | "clock" | "cluster">): TaskVerb =>
  async (run) => {
    const tenant = await loadProvisioning(ports.registry, run.tenantId);
    const objects = await ports.cluster.ensure({
      tenantId: tenant.id,
      objects: namespaceObjects(tenant),
      // A cluster without the Prometheus operator scrapes by other means.
      ifServed: ["ServiceMonitor"],
    });
    await ports.registry.recordResources(
      tenant.id,
      "namespace",
      { cluster: ports.cluster.name, name: planeNames(tenant.slug).namespace, objects: [...objects] },
      ports.clock().toISOString(),
    );
  };
