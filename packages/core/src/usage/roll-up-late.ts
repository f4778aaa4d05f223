import { concurrently } from "./concurrently.ts";
import type { Period } from "./period.ts";
import { rollUp, type RollUpPorts } from "./roll-up.ts";

/** A period of a tenant that was written to after it was over. */
export type LatePeriod = { readonly tenantId: string; readonly period: Period };

/** Periods rolled up at a time. */
const width = 8;

/**
 * Rolls up late periods again, each once and days before months, for months are made of days.
 *
 * @returns the places in `late` of those that failed, and why
 */
export const rollUpLate =
  (ports: RollUpPorts) =>
  async (late: readonly LatePeriod[]): Promise<{ readonly failed: readonly number[]; readonly errors: unknown[] }> => {
    const places = Map.groupBy(late.entries(), ([, { tenantId, period }]) => nameOf(tenantId, period));
    const roll = rollUp(ports);
    const failed: number[] = [];
    const errors: unknown[] = [];
    for (const kind of ["day", "month"] as const) {
      const due = [...places.values()].filter(([first]) => first?.[1].period.kind === kind);
      const failures = await concurrently(due, width, async ([first]) => {
        if (first === undefined) return;
        const { tenantId, period } = first[1];
        const [marks] = await ports.usage.marks(tenantId, kind, period.from, period.to);
        // Somebody was faster.
        if (marks?.rolled !== undefined && marks.rolled >= marks.marks) return;
        await roll(tenantId, period);
      });
      for (const { item, error } of failures) {
        failed.push(...item.map(([place]) => place));
        errors.push(error);
      }
    }
    return { failed, errors };
  };

const nameOf = (tenantId: string, { kind, from }: Period) => `${tenantId}/${kind}/${from}`;
