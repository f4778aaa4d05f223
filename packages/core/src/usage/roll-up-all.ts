import type { Clock, Registry } from "../ports.ts";
import type { Tenant } from "../tenant/tenant.ts";
import { hourMs } from "./accept.ts";
import { concurrently } from "./concurrently.ts";
import { type Period, periodOf } from "./period.ts";
import { rollUp, type RollUpPorts } from "./roll-up.ts";

export type RollUpAllPorts = RollUpPorts & {
  readonly registry: Pick<Registry, "listTenants">;
  readonly clock: Clock;
};

/** Tenants rolled up at a time. */
const width = 24;

/**
 * Rolls up the last days and, while it is new, the last month of every tenant that was there then and has not been: at
 * each call what is left. The day before the last comes again on its second night, whatever is said of it: should a write that began
 * before midnight have ended long after, it is found then.
 *
 * @returns how many periods were rolled up, and what failed
 */
export const rollUpAll =
  (ports: RollUpAllPorts) => async (): Promise<{ readonly rolled: number; readonly errors: readonly unknown[] }> => {
    const hour = Math.floor(ports.clock().getTime() / hourMs);
    const due = duePeriods(hour);
    const roll = rollUp(ports);
    const errors: unknown[] = [];
    let rolled = 0;
    let after: string | null = null;
    do {
      const page = await ports.registry.listTenants({}, { limit: 100, after });
      const failures = await concurrently(page.items.filter(isCounted), width, async ({ id, created_at }) => {
        const since = Date.parse(created_at) / hourMs;
        for (const { period, anyway } of due) {
          if (period.to <= since) continue;
          if (!anyway && (await isRolled(ports, id, period))) continue;
          await roll(id, period);
          rolled++;
        }
      });
      errors.push(...failures.map(({ error }) => error));
      after = page.next;
    } while (after !== null);
    return { rolled, errors };
  };

/** Nothing is counted for a tenant that is not there yet, and nothing is to stand of one that failed. */
const isCounted = ({ status }: Tenant): boolean => status !== "provisioning" && status !== "failed";

const isRolled = async ({ usage }: RollUpAllPorts, tenantId: string, { kind, from, to }: Period): Promise<boolean> => {
  const [marks] = await usage.marks(tenantId, kind, from, to);
  return marks?.rolled !== undefined && marks.rolled >= marks.marks;
};

/** What is to be rolled up in an hour. In the first hour of a day the day before the last comes again. */
export const duePeriods = (hour: number): { readonly period: Period; readonly anyway: boolean }[] => {
  const today = periodOf("day", hour);
  const yesterday = periodOf("day", today.from - 1);
  const month = periodOf("month", today.from);
  const lastMonth = periodOf("month", month.from - 1);
  const isFirstHour = hour === today.from;
  return [
    ...(isFirstHour ? [{ period: periodOf("day", yesterday.from - 1), anyway: true }] : []),
    { period: yesterday, anyway: false },
    // A month from its days, so after them; and again on its second day, as the day before is.
    ...(today.from - month.from < 48
      ? [{ period: lastMonth, anyway: isFirstHour && today.from - month.from === 24 }]
      : []),
  ];
};
