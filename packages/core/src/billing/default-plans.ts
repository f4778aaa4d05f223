import type { TierName } from "../tenant/tier.ts";
import type { Plan } from "./plan.ts";

/** From when the plans of the code are valid: earlier than any usage. */
const ever = "2020-01";

const plan = (tier: TierName, terms: Pick<Plan, "charges" | "minimum">): Plan => ({
  tier,
  version: 1,
  valid_from: ever,
  currency: "USD",
  created_at: null,
  ...terms,
});

const storage = (included: string, unit_price: string) =>
  ({
    kind: "per_unit",
    id: "storage",
    description: "Storage, gigabytes on average over the month",
    meter: "storage_gb",
    included,
    unit_price,
  }) as const;

const compute = (unit_price: string) =>
  ({ kind: "per_unit", id: "compute", description: "Compute hours", meter: "compute_hours", unit_price }) as const;

const users = (included: string, steps: readonly [string | null, string][]) =>
  ({
    kind: "volume",
    id: "users",
    description: "Active users",
    meter: "active_users",
    included,
    steps: steps.map(([up_to, unit_price]) => ({ up_to, unit_price })),
  }) as const;

const calls = (included: string, steps: readonly [string | null, string][]) =>
  ({
    kind: "graduated",
    id: "api-calls",
    description: "API calls",
    meter: "api_calls",
    included,
    steps: steps.map(([up_to, unit_price]) => ({ up_to, unit_price })),
  }) as const;

const fee = (amount: string) => ({ kind: "flat", id: "platform-fee", description: "Platform fee", amount }) as const;

/** Version 1 of each tier's plan. Later versions are in the Control table. */
export const defaultPlans: Readonly<Record<TierName, Plan>> = {
  trial: plan("trial", { minimum: null, charges: [] }),
  standard: plan("standard", {
    minimum: null,
    charges: [
      fee("49.00"),
      calls("100000", [
        ["1000000", "0.0004"],
        ["10000000", "0.0003"],
        [null, "0.0002"],
      ]),
      storage("10", "0.10"),
      compute("0.12"),
      users("25", [
        ["100", "1.00"],
        [null, "0.80"],
      ]),
    ],
  }),
  business: plan("business", {
    minimum: "250.00",
    charges: [
      fee("199.00"),
      calls("1000000", [
        ["10000000", "0.0003"],
        ["100000000", "0.0002"],
        [null, "0.0001"],
      ]),
      storage("100", "0.08"),
      compute("0.10"),
      users("100", [
        ["1000", "0.80"],
        [null, "0.60"],
      ]),
    ],
  }),
  premium: plan("premium", {
    minimum: "2500.00",
    charges: [
      fee("1999.00"),
      calls("10000000", [
        ["100000000", "0.0002"],
        [null, "0.00008"],
      ]),
      storage("1000", "0.06"),
      compute("0.09"),
      users("1000", [
        ["10000", "0.50"],
        [null, "0.35"],
      ]),
    ],
  }),
};
