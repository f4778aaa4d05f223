import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import { getTenantUsage, type UsagePorts } from "./get-tenant-usage.ts";
import type { Aggregation } from "./meters.ts";
import { parseRange, type UsageBucket } from "./window.ts";

/** What a chart of a tenant's usage by day shows. */
export type UsageChart = {
  readonly tenant: { readonly id: string; readonly name: string };
  readonly metric: string;
  readonly unit: string;
  readonly aggregation: Aggregation;
  readonly days: readonly UsageBucket[];
  readonly asOf: string;
};

/** Days in a chart at most: more would be lines, not bars. */
export const maxChartDays = 92;

/**
 * A tenant's usage by day, with what a reader of a chart must know beside it.
 *
 * @throws what `getTenantUsage` throws; Problem `invalid-usage-window` for more than `maxChartDays` days
 */
export const getUsageChart =
  (ports: UsagePorts) =>
  async (
    ctx: Context,
    input: { readonly tenantId: string; readonly metric: string; readonly from: string; readonly to: string },
  ): Promise<UsageChart> => {
    authorise(ctx, "usage:read", input.tenantId);
    const { from, to } = parseRange(input);
    if (to - from > maxChartDays * 24) {
      const detail = `must be at most ${maxChartDays} days after from`;
      throw new Problem("invalid-usage-window", `query:to ${detail}`, { errors: [{ pointer: "query:to", detail }] });
    }
    const { buckets = [], unit, metric, as_of } = await getTenantUsage(ports)(ctx, { ...input, window: "day" });
    const [tenant, meters] = await Promise.all([ports.registry.getTenant(input.tenantId), ports.meters.list()]);
    return {
      tenant: { id: input.tenantId, name: tenant?.name ?? input.tenantId },
      metric,
      unit,
      aggregation: meters.find(({ name }) => name === metric)?.aggregation ?? "sum",
      days: buckets,
      asOf: as_of,
    };
  };
