import { startOf, endOf, hoursOf, monthOf } from "../billing/month.ts";
import { parseMicros } from "../billing/quantity.ts";
import type { Tenant } from "../tenant/tenant.ts";
import { hourMs } from "../usage/accept.ts";
import type { EntitlementPorts } from "./ports.ts";
import { type Quotas, quotasOf } from "./quota.ts";
import { newStanding, type Standing } from "./standing.ts";

/** A tenant's quotas beside what it has used of them in the running month. */
export type Look = {
  readonly standing: Standing;
  readonly quotas: Quotas;
  /** Micro-units by meter. */
  readonly used: ReadonlyMap<string, bigint>;
  readonly month: string;
  readonly asOf: Date;
};

type Ports = Pick<EntitlementPorts, "standings" | "readUsage" | "clock">;

/**
 * Looks at quotas and usage. The standing is read first: if it can be written afterwards, no other quotas have come in
 * between.
 *
 * @param change the quotas of its own that the tenant is to have; if not given, those it has
 */
export const look =
  (ports: Ports) =>
  async (tenant: Pick<Tenant, "id" | "tier">, change?: Quotas): Promise<Look> => {
    const asOf = ports.clock();
    const month = monthOf(asOf);
    const stored = (await ports.standings.get(tenant.id)) ?? newStanding(tenant.id, month);
    const standing = change === undefined ? stored : { ...stored, overrides: change };
    const quotas = quotasOf(tenant.tier, standing.overrides);
    const range = { from: hoursOf(month).from, to: Math.floor(asOf.getTime() / hourMs) + 1 };
    const used = await Promise.all(
      Object.keys(quotas).map(async (metric) => {
        const { groups } = await ports.readUsage({ tenantId: tenant.id, metric, range, window: "month", groupBy: [] });
        const buckets = groups.flatMap((group) => group.buckets);
        return [metric, buckets.reduce((sum, { value }) => sum + parseMicros(value), 0n)] as const;
      }),
    );
    return { standing, quotas, used: new Map(used), month, asOf };
  };

/** When the quotas of a month begin anew. */
export const resetsAt = (month: string): string => endOf(month).toISOString();

/** Whether a standing is of the month that an instant falls into. */
export const isCurrent = (month: string, now: Date): boolean => startOf(month) <= now && now < endOf(month);
