import { z } from "zod";
import { Quantity } from "../billing/money.ts";
import type { TierName } from "../tenant/tier.ts";

/**
 * What a tenant may use of a meter in a month (UTC). Reaching 80 % and 100 % of either limit is told of; at 100 % of the
 * hard one the API refuses. A limit that is null is none.
 */
export const Quota = z.strictObject({ soft: Quantity.nullable(), hard: Quantity.nullable() });
export type Quota = z.infer<typeof Quota>;

/** By the meter's name. */
export const Quotas = z
  .record(z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, "must be the name of a meter"), Quota)
  .refine((quotas) => Object.keys(quotas).length <= 50, "must have at most 50 meters");
export type Quotas = Readonly<z.infer<typeof Quotas>>;

/** Quotas of tiers as data. A tenant's own go before them, meter by meter. */
export const tierQuotas: Readonly<Record<TierName, Quotas>> = {
  trial: {
    api_calls: { soft: null, hard: "100000" },
    compute_hours: { soft: null, hard: "100" },
  },
  standard: { api_calls: { soft: "1000000", hard: null }, compute_hours: { soft: "1000", hard: null } },
  business: { api_calls: { soft: "10000000", hard: null }, compute_hours: { soft: "10000", hard: null } },
  premium: {},
};

/** The quotas that count for a tenant. */
export const quotasOf = (tier: TierName, overrides: Quotas): Quotas => ({ ...tierQuotas[tier], ...overrides });
