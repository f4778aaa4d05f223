import type { Clock } from "../ports.ts";
import { Problem } from "../problem.ts";
import { noTotal } from "./fold.ts";
import { isMeter, type Meter, type Meters } from "./meters.ts";
import type { UsageTotals } from "./ports.ts";
import { foldHours, type HourRange, type UsageBucket, type UsageWindow } from "./window.ts";

export type UsageQuery = {
  readonly tenantId: string;
  /** The meter's name. */
  readonly metric: string;
  readonly range: HourRange;
  readonly window: UsageWindow;
  /** Names of dimensions that the meter declares. An event without one of them is in the group without it. */
  readonly groupBy: readonly string[];
};

/** What a combination of dimension values used. Without `groupBy` there is one group, of no dimensions. */
export type UsageGroup = {
  readonly dimensions: Readonly<Record<string, string>>;
  /** From the start of the range to its end, the empty ones too. */
  readonly buckets: readonly UsageBucket[];
};

export type Usage = {
  readonly meter: Meter;
  /** Without `groupBy` exactly one; with it, those with any usage in the range, in the order of their dimensions. */
  readonly groups: readonly UsageGroup[];
  readonly asOf: Date;
};

export type ReadUsagePorts = { readonly usage: UsageTotals; readonly meters: Meters; readonly clock: Clock };

/**
 * Reads usage, for whoever may: callers authorise. Every finished write is in the answer.
 *
 * @throws Problem `invalid-request` for an unknown metric or dimension
 */
export const readUsage =
  (ports: ReadUsagePorts) =>
  async (query: UsageQuery): Promise<Usage> => {
    const { tenantId, metric, range, window, groupBy } = query;
    const list = await ports.meters.list();
    const meter = list.find(({ name }) => name === metric);
    if (meter === undefined || !isMeter(metric)) {
      const detail = `must be one of ${list.map(({ name }) => name).join(", ")}`;
      throw new Problem("invalid-request", `There is no meter ${metric.slice(0, 64)}.`, {
        errors: [{ pointer: "query:metric", detail }],
      });
    }
    const unknown = groupBy.find((name) => meter.dimensions.every((dimension) => dimension.name !== name));
    if (unknown !== undefined)
      throw new Problem("invalid-request", `The meter ${metric} has no dimension ${unknown.slice(0, 64)}.`, {
        errors: [{ pointer: "query:group_by", detail: "must name dimensions of the meter" }],
      });
    const asOf = ports.clock();
    const hours = await ports.usage.hours(tenantId, range.from, range.to);
    const totals = hours.map(({ hour, totals: all }) => ({ hour, total: all[metric] ?? noTotal }));
    return { meter, groups: [{ dimensions: {}, buckets: foldHours(totals, range, window, asOf) }], asOf };
  };
