import { tiers } from "../tenant/tier.ts";
import { loadProvisioning } from "./load-tenant.ts";
import { planeNames } from "./names.ts";
import type { ProvisioningPorts, TaskVerb } from "./ports.ts";

/** The folders of every tenant, held open by an empty object each. */
export const folderMarkers = ["uploads/.keep", "exports/.keep"] as const;

/** Makes the tenant's folders in the shared bucket, and the key of a tier that has its own. Idempotent. */
export const provisionStorage =
  (ports: Pick<ProvisioningPorts, "registry" | "storage">): TaskVerb =>
  async (run) => {
    const { id, slug, tier } = await loadProvisioning(ports.registry, run.tenantId);
    const { prefix } = planeNames(slug);
    const made = await ports.storage.ensure({
      tenantId: id,
      slug,
      isolation: tiers[tier].storage,
      prefix,
      objects: folderMarkers,
    });
    return { plane: "storage", made };
  };
