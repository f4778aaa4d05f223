import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import type { Page, PageRequest, Ports } from "../ports.ts";
import type { Tenant, TenantStatus } from "./tenant.ts";
import type { TierName } from "./tier.ts";

export type TenantFilter = { status?: TenantStatus | undefined; tier?: TierName | undefined };

/** Tenants, the newest first. */
export const listTenants =
  (ports: Pick<Ports, "registry">) =>
  async (ctx: Context, filter: TenantFilter, page: PageRequest): Promise<Page<Tenant>> => {
    authorise(ctx, "tenants:read");
    return ports.registry.listTenants(filter, page);
  };
