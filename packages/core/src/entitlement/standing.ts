import { z } from "zod";
import { parseMicros } from "../billing/quantity.ts";
import { Month } from "../billing/month.ts";
import { TenantId } from "../ids.ts";
import { Instant } from "../time.ts";
import { formatMicros } from "../usage/decimal.ts";
import { Quotas } from "./quota.ts";

/**
 * How a tenant stands with its quotas: its own quotas, and what follows from the usage of one month. One item, changed
 * on the condition of its revision, so that nothing is decided by quotas or usage of the past.
 */
export const Standing = z.strictObject({
  tenant_id: TenantId,
  /** Rises with each write; 0 before the first. */
  revision: z.int().min(0),
  overrides: Quotas,
  month: Month,
  /** What has been told of in this month, as `meter#soft#80`. */
  told: z.array(z.string()),
  /** Hard limits that are reached. */
  exceeded: z.array(z.strictObject({ meter: z.string(), limit: z.string() })),
  updated_at: Instant,
});
export type Standing = Readonly<z.infer<typeof Standing>>;

export const newStanding = (tenantId: string, month: Month): Standing => ({
  tenant_id: tenantId,
  revision: 0,
  overrides: {},
  month,
  told: [],
  exceeded: [],
  updated_at: new Date(0).toISOString(),
});

export const thresholds = [80, 100] as const;

/** That usage has reached so many percent of a limit. */
export type Crossing = {
  readonly meter: string;
  readonly quota: "soft" | "hard";
  readonly threshold: (typeof thresholds)[number];
  readonly limit: string;
  readonly used: string;
};

const nameOf = ({ meter, quota, threshold }: Crossing): string => `${meter}#${quota}#${threshold}`;

/** Whether usage has reached so many percent of a limit. */
const reaches = (used: bigint, limit: string, percent: number): boolean =>
  used * 100n >= parseMicros(limit) * BigInt(percent);

/**
 * How a tenant stands after a look at its usage. Each threshold of a limit is told of once a month: usage that falls and
 * rises again, or a limit that is moved, tells nothing twice.
 *
 * @param used micro-units of the month by meter
 */
export const judge = (
  before: Standing,
  quotas: Quotas,
  used: ReadonlyMap<string, bigint>,
  month: Month,
): { readonly standing: Standing; readonly crossed: readonly Crossing[] } => {
  const told = before.month === month ? before.told : [];
  const reached = Object.entries(quotas).flatMap(([meter, limits]) => {
    const micros = used.get(meter) ?? 0n;
    return (["soft", "hard"] as const).flatMap((quota) => {
      const limit = limits[quota];
      if (limit === null) return [];
      return thresholds
        .filter((threshold) => reaches(micros, limit, threshold))
        .map((threshold): Crossing => ({ meter, quota, threshold, limit, used: formatMicros(micros) }));
    });
  });
  const crossed = reached.filter((crossing) => !told.includes(nameOf(crossing)));
  const exceeded = reached
    .filter(({ quota, threshold }) => quota === "hard" && threshold === 100)
    .map(({ meter, limit }) => ({ meter, limit }));
  return { standing: { ...before, month, told: [...told, ...crossed.map(nameOf)], exceeded }, crossed };
};

/** Whether a write would say anything new. */
export const differs = (a: Standing, b: Standing): boolean =>
  a.month !== b.month
    ? b.told.length > 0 || b.exceeded.length > 0 || a.exceeded.length > 0
    : JSON.stringify([a.told, a.exceeded, a.overrides]) !== JSON.stringify([b.told, b.exceeded, b.overrides]);
