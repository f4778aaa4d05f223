import { hourMs } from "../usage/accept.ts";
import type { Usage } from "../usage/read.ts";
import type { MeterMonth, MonthUsage } from "./compose-invoice.ts";
import { hoursOf, type Month } from "./month.ts";
import type { Plan } from "./plan.ts";
import type { BillingPorts } from "./ports.ts";
import { parseMicros } from "./quantity.ts";

type Ports = Pick<BillingPorts, "readUsage" | "clock">;

/** The meters that a plan charges for. */
export const metersOf = (plan: Plan): readonly string[] => [
  ...new Set(plan.charges.flatMap((charge) => (charge.kind === "flat" ? [] : [charge.meter]))),
];

/** What these meters counted in a month, as far as it has come. */
export const readMonth =
  (ports: Ports) =>
  async (tenantId: string, month: Month, meters: readonly string[]): Promise<MonthUsage> => {
    const read = await Promise.all(
      meters.map(async (metric) => [metric, await readMeter(ports, tenantId, month, metric)] as const),
    );
    return new Map(read);
  };

const readMeter = async (ports: Ports, tenantId: string, month: Month, metric: string): Promise<MeterMonth> => {
  const { from, to } = hoursOf(month);
  const range = { from, to: Math.max(from + 1, Math.min(to, Math.floor(ports.clock().getTime() / hourMs) + 1)) };
  const query = { tenantId, metric, range, groupBy: [] };
  const days = await ports.readUsage({ ...query, window: "day" });
  const buckets = bucketsOf(days);
  // Days of these add up to the month; reading it once more could only disagree with what the line shows.
  const additive = days.meter.aggregation === "sum" || days.meter.aggregation === "count";
  const parts = additive ? buckets : bucketsOf(await ports.readUsage({ ...query, window: "month" }));
  return {
    unit: days.meter.unit,
    micros: parts.reduce((sum, { value }) => sum + parseMicros(value), 0n),
    buckets: buckets
      .filter(({ count }) => count > 0)
      .map(({ start, end, value, count, final }) => ({ start, end, value, count, final })),
  };
};

const bucketsOf = ({ groups }: Usage) => groups.flatMap(({ buckets }) => buckets);
