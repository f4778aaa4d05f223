import type { Totals } from "./fold.ts";
import type { Meter, Meters } from "./meters.ts";
import type { Period } from "./period.ts";
import { joinPieces, readPieces } from "./pieces.ts";
import type { UsageRollUps, UsageTotals } from "./ports.ts";
import { rollUpUsers } from "./users.ts";

export type RollUpPorts = {
  readonly usage: UsageTotals;
  readonly rollUps: UsageRollUps;
  readonly meters: Meters;
};

const attempts = 5;

/**
 * Rolls up what a tenant used in a day or month that is over: computed anew from its hours and set, never added to. It
 * may be done again at any time; an older result never replaces a newer.
 */
export const rollUp =
  ({ usage, rollUps, meters }: RollUpPorts) =>
  async (tenantId: string, period: Period): Promise<void> => {
    const list = await meters.list();
    for (let attempt = 1; attempt <= attempts; attempt++) {
      // Marks first: what is written from here on leaves more marks than the roll-up says it knows of.
      const marks = (await usage.marks(tenantId, period.kind, period.from, period.to))[0]?.marks ?? 0;
      const totals = new Map<string, Totals>();
      for (const meter of list) {
        const found = await totalsOf(usage, tenantId, meter, period);
        if (Object.keys(found).length > 0) totals.set(meter.name, found);
      }
      if (await rollUps.save(tenantId, period, marks, totals)) return;
    }
    // Still being written to: its hours are read until somebody comes again.
  };

const totalsOf = async (usage: UsageTotals, tenantId: string, meter: Meter, period: Period): Promise<Totals> => {
  if (meter.aggregation === "unique")
    return rollUpUsers(await usage.users(tenantId, meter.name, period.from, period.to), meter);
  // A month from its days as far as they are rolled up, a day from its hours.
  return joinPieces(await readPieces(usage, tenantId, meter, period, period.kind === "month" ? "day" : "hour"));
};
