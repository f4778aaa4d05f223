import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import { TenantId } from "../ids.ts";
import type { Clock, Registry } from "../ports.ts";
import { Problem } from "../problem.ts";
import { noTotal } from "./fold.ts";
import { foldedMeters, isFolded, isMeter, type MeterName, shippedMeters } from "./meters.ts";
import type { UsageTotals } from "./ports.ts";
import { foldHours, parseRange, type UsageBucket, type UsageWindow } from "./window.ts";

export type GetTenantUsage = {
  readonly tenantId: string;
  readonly metric: string;
  /** Dates or instants; `to` is exclusive. */
  readonly from: string;
  readonly to: string;
  readonly window: UsageWindow;
};

export type TenantUsage = {
  readonly tenant_id: string;
  readonly metric: MeterName;
  readonly unit: string;
  readonly window: UsageWindow;
  readonly buckets: UsageBucket[];
  readonly as_of: string;
};

export type UsagePorts = {
  readonly registry: Pick<Registry, "getTenant">;
  readonly usage: UsageTotals;
  readonly clock: Clock;
};

/**
 * One meter of a tenant, by hour, day or month in UTC.
 *
 * @throws Problem `tenant-not-found`, `invalid-request` for an unknown metric, `invalid-usage-window`
 */
export const getTenantUsage =
  (ports: UsagePorts) =>
  async (ctx: Context, input: GetTenantUsage): Promise<TenantUsage> => {
    authorise(ctx, "usage:read", input.tenantId);
    const { metric, window } = input;
    if (!isMeter(metric) || !isFolded(metric))
      throw new Problem("invalid-request", `There is no usage of ${metric.slice(0, 64)}.`, {
        errors: [{ pointer: "query:metric", detail: `must be one of ${foldedMeters.join(", ")}` }],
      });
    const range = parseRange(input);
    const isId = TenantId.safeParse(input.tenantId).success;
    if (!isId || (await ports.registry.getTenant(input.tenantId)) === null)
      throw new Problem("tenant-not-found", `There is no tenant ${input.tenantId}.`);
    const now = ports.clock();
    const hours = await ports.usage.hours(input.tenantId, range.from, range.to);
    const totals = hours.map(({ hour, totals: all }) => ({ hour, total: all[metric] ?? noTotal }));
    const buckets = foldHours(totals, range, window, now);
    return {
      tenant_id: input.tenantId,
      metric,
      unit: shippedMeters.find(({ name }) => name === metric)?.unit ?? "",
      window,
      buckets,
      as_of: now.toISOString(),
    };
  };
