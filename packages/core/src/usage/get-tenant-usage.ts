import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import { TenantId } from "../ids.ts";
import type { Registry } from "../ports.ts";
import { Problem } from "../problem.ts";
import { type ReadUsagePorts, readUsage, type UsageGroup } from "./read.ts";
import { type HourRange, parseRange, type UsageBucket, type UsageWindow } from "./window.ts";

export type UsageRequest = {
  readonly metric: string;
  /** Dates or instants; `to` is exclusive. */
  readonly from: string;
  readonly to: string;
  readonly window: UsageWindow;
  /** Names of the meter's dimensions. */
  readonly groupBy?: readonly string[] | undefined;
};

export type GetTenantUsage = UsageRequest & { readonly tenantId: string };

/** `groups` with `groupBy`, `buckets` without. */
export type TenantUsage = {
  readonly tenant_id: string;
  readonly metric: string;
  readonly unit: string;
  readonly window: UsageWindow;
  readonly buckets?: readonly UsageBucket[];
  readonly groups?: readonly UsageGroup[];
  readonly as_of: string;
};

export type UsagePorts = ReadUsagePorts & { readonly registry: Pick<Registry, "getTenant"> };

/**
 * One meter of a tenant, by hour, day or month in UTC.
 *
 * @throws Problem `tenant-not-found`, `invalid-request` for an unknown metric or dimension, `invalid-usage-window`
 */
export const getTenantUsage =
  (ports: UsagePorts) =>
  async (ctx: Context, { tenantId, ...input }: GetTenantUsage): Promise<TenantUsage> => {
    authorise(ctx, "usage:read", tenantId);
    const range = parseRange(input);
    const missing = new Problem("tenant-not-found", `There is no tenant ${tenantId}.`);
    if (!TenantId.safeParse(tenantId).success) throw missing;
    const [usage, tenant] = await Promise.all([
      tenantUsage(readUsage(ports), tenantId, range, input),
      ports.registry.getTenant(tenantId),
    ]);
    if (tenant === null) throw missing;
    return usage;
  };

/** Usage in the form of the API. */
export const tenantUsage = async (
  read: ReturnType<typeof readUsage>,
  tenantId: string,
  range: HourRange,
  { metric, window, groupBy = [] }: Pick<UsageRequest, "metric" | "window" | "groupBy">,
): Promise<TenantUsage> => {
  const { meter, groups, asOf } = await read({ tenantId, metric, range, window, groupBy: [...new Set(groupBy)] });
  return {
    tenant_id: tenantId,
    metric,
    unit: meter.unit,
    window,
    ...(groupBy.length > 0 ? { groups } : { buckets: groups[0]?.buckets ?? [] }),
    as_of: asOf.toISOString(),
  };
};
