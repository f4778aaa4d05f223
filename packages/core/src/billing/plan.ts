import { z } from "zod";
import { tierNames } from "../tenant/tier.ts";
import { Instant } from "../time.ts";
import { Currency, Price, Quantity } from "./money.ts";
import { Month } from "./month.ts";
import { parseMicros } from "./quantity.ts";

const MeterName = z.string().regex(/^[a-z][a-z0-9_]{0,62}$/, "must be the name of a meter");

const base = {
  /** Names the charge within its plan. Adjustments find by it what they adjust. */
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, "must have lower-case letters, digits and hyphens")
    .refine((id) => id !== "minimum", "is taken by the plan's minimum"),
  description: z.string().min(1).max(200),
};

/** A step of a price: units up to `up_to`, counted from the first that is charged. The last has no end. */
export const PriceStep = z.strictObject({ up_to: Quantity.nullable(), unit_price: Price });
export type PriceStep = z.infer<typeof PriceStep>;

const isQuantity = (value: unknown): value is string => Quantity.safeParse(value).success;

const Steps = z
  .array(PriceStep)
  .min(1)
  .max(20)
  .refine(
    (steps) => steps.every(({ up_to }, at) => (up_to === null) === (at === steps.length - 1)),
    "the last step, and no other, must have no end",
  )
  .refine(
    (steps) =>
      steps.every(({ up_to }, at) => {
        const before = at === 0 ? "0" : steps[at - 1]?.up_to;
        // What is no quantity has been told of already.
        return !isQuantity(before) || !isQuantity(up_to) || parseMicros(before) < parseMicros(up_to);
      }),
    "each step must end above the one before",
  );

const metered = {
  ...base,
  meter: MeterName,
  /** So many units are free each month. */
  included: Quantity.optional(),
};

export const Charge = z.discriminatedUnion("kind", [
  /** A fee for each month, used or not. */
  z.strictObject({ kind: z.literal("flat"), ...base, amount: Price }),
  /** One price for each unit. */
  z.strictObject({ kind: z.literal("per_unit"), ...metered, unit_price: Price }),
  /** Each unit at the price of the step that it falls into. */
  z.strictObject({ kind: z.literal("graduated"), ...metered, steps: Steps }),
  /** All units at the price of the step that the last of them falls into. */
  z.strictObject({ kind: z.literal("volume"), ...metered, steps: Steps }),
]);
export type Charge = z.infer<typeof Charge>;
export type MeteredCharge = Exclude<Charge, { kind: "flat" }>;

const terms = {
  currency: Currency,
  /** What a month costs at least: a line makes up for the difference. */
  minimum: Price.nullable(),
  charges: z
    .array(Charge)
    .max(50)
    .refine((charges) => new Set(charges.map(({ id }) => id)).size === charges.length, "must not have an id twice"),
};

/** What a tier costs, from a month on. A version never changes: a change of prices is a new one. */
export const Plan = z.strictObject({
  tier: z.enum(tierNames),
  version: z.int().min(1),
  valid_from: Month,
  ...terms,
  created_at: Instant.nullable(),
});
export type Plan = z.infer<typeof Plan>;

/** A new version of a plan as it is asked for. */
export const PutPlan = z.strictObject({ valid_from: Month, ...terms });
export type PutPlan = z.infer<typeof PutPlan>;

/** The version that a month is billed by: the newest of those that begin with it or before. */
export const planFor = (versions: readonly Plan[], month: Month): Plan | undefined =>
  versions
    .filter(({ valid_from }) => valid_from <= month)
    .reduce<Plan | undefined>(
      (newest, plan) => (newest === undefined || plan.version > newest.version ? plan : newest),
      undefined,
    );
