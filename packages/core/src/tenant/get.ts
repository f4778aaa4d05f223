import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import { TenantId } from "../ids.ts";
import type { Ports } from "../ports.ts";
import { Problem } from "../problem.ts";
import type { Tenant } from "./tenant.ts";

/** @throws Problem `tenant-not-found`, also for what is no tenant id at all. */
export const getTenant =
  (ports: Pick<Ports, "registry">) =>
  async (ctx: Context, input: { tenantId: string }): Promise<Tenant> => {
    authorise(ctx, "tenants:read", input.tenantId);
    const tenant = TenantId.safeParse(input.tenantId).success ? await ports.registry.getTenant(input.tenantId) : null;
    if (tenant === null) throw new Problem("tenant-not-found", `There is no tenant ${input.tenantId}.`);
    return tenant;
  };
