import { authorise } from "../access/authorise.ts";
import type { Context } from "../context.ts";
import { Problem } from "../problem.ts";
import { type TierName, tierNames } from "../tenant/tier.ts";
import { defaultPlans } from "./default-plans.ts";
import { monthOf } from "./month.ts";
import { type Plan, planFor } from "./plan.ts";
import type { BillingPorts } from "./ports.ts";

/** Every version of a tier's plan, that of the code first. */
export const versionsOf = async (ports: Pick<BillingPorts, "plans">, tier: TierName): Promise<readonly Plan[]> => [
  defaultPlans[tier],
  ...(await ports.plans.versions(tier)),
];

/** The plan of a month that has any: those of the code reach back before all usage. */
export const planOf = (versions: readonly Plan[], month: string): Plan => {
  const plan = planFor(versions, month);
  if (plan === undefined) throw new Error(`There is no plan for ${month}.`);
  return plan;
};

type PlanPorts = Pick<BillingPorts, "plans" | "clock">;

/** The plan of each tier that the running month is billed by. */
export const listPlans =
  (ports: PlanPorts) =>
  async (ctx: Context): Promise<Plan[]> => {
    authorise(ctx, "plans:read");
    const month = monthOf(ports.clock());
    return Promise.all(tierNames.map(async (tier) => planOf(await versionsOf(ports, tier), month)));
  };

/**
 * A tier's plan of the running month, and every version that there is.
 *
 * @throws Problem `tier-not-found`
 */
export const getPlan =
  (ports: PlanPorts) =>
  async (ctx: Context, input: { tier: string }): Promise<{ current: Plan; versions: readonly Plan[] }> => {
    authorise(ctx, "plans:read");
    const versions = await versionsOf(ports, tierOf(input.tier));
    return { current: planOf(versions, monthOf(ports.clock())), versions };
  };

/** @throws Problem `tier-not-found` */
export const tierOf = (name: string): TierName => {
  const tier = tierNames.find((known) => known === name);
  if (tier === undefined) throw new Problem("tier-not-found", `There is no tier ${name.slice(0, 64)}.`);
  return tier;
};
