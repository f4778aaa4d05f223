import type { Clock } from "@tenantry/core/ports";
import { readUsage } from "@tenantry/core/usage/read";
import { dynamoMeters } from "./usage-meters.ts";
import { dynamoUsageTotals } from "./usage-totals.ts";

/** Usage and meters as the Usage table has them. */
export const usageReader = (table: string, clock: Clock) => {
  const meters = dynamoMeters(table);
  return {
    meterNames: async () => (await meters.list()).map(({ name }) => name),
    readUsage: readUsage({ usage: dynamoUsageTotals(table), meters, clock }),
  };
};
