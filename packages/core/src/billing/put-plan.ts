import { authorise } from "../access/authorise.ts";
import { platformOrg } from "../access/policy.ts";
import { auditEntry } from "../audit/entry.ts";
import type { Context } from "../context.ts";
import { type FieldError, Problem } from "../problem.ts";
import { monthOf } from "./month.ts";
import type { Plan, PutPlan } from "./plan.ts";
import { tierOf, versionsOf } from "./plans.ts";
import type { BillingPorts } from "./ports.ts";

type Ports = Pick<BillingPorts, "plans" | "meterNames" | "clock" | "newId">;

/**
 * Gives a tier a new version of its plan, valid from a month that has not begun. The newest version decides: it goes
 * before those that were to begin later. What is the newest version already is no new one.
 *
 * @throws Problem `tier-not-found`, `invalid-request`, `state-conflict` when somebody else was faster.
 */
export const putPlan =
  (ports: Ports) =>
  async (ctx: Context, input: { tier: string; plan: PutPlan }): Promise<Plan> => {
    authorise(ctx, "plans:write");
    const tier = tierOf(input.tier);
    const now = ports.clock();
    const newest = (await versionsOf(ports, tier)).at(-1);
    if (newest === undefined) throw new Error(`The tier ${tier} has no plan.`);
    if (same(newest, input.plan)) return newest;
    const known = new Set(await ports.meterNames());
    const errors = faultsOf(input.plan, newest, monthOf(now), known);
    if (errors.length > 0)
      throw new Problem("invalid-request", errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join("; "), {
        errors,
      });
    const plan: Plan = { tier, version: newest.version + 1, ...input.plan, created_at: now.toISOString() };
    const audit = auditEntry(ports, ctx, { action: "plan.put", tenantId: platformOrg, before: newest, after: plan });
    if (!(await ports.plans.add(plan, { audit, events: [] })))
      throw new Problem("state-conflict", `Version ${plan.version} of the plan was made in the meantime.`);
    return plan;
  };

const same = (plan: Plan, { valid_from, currency, minimum, charges }: PutPlan): boolean =>
  JSON.stringify([plan.valid_from, plan.currency, plan.minimum, plan.charges]) ===
  JSON.stringify([valid_from, currency, minimum, charges]);

const faultsOf = (plan: PutPlan, before: Plan, month: string, meters: ReadonlySet<string>): FieldError[] => [
  ...(plan.valid_from > month
    ? []
    : [{ pointer: "/valid_from", detail: `must be a month after ${month}, as that has begun` }]),
  // An adjustment of an earlier month stands on the same invoice as the new prices.
  ...(plan.currency === before.currency ? [] : [{ pointer: "/currency", detail: `must stay ${before.currency}` }]),
  ...plan.charges.flatMap((charge, at) =>
    charge.kind === "flat" || meters.has(charge.meter)
      ? []
      : [{ pointer: `/charges/${at}/meter`, detail: `must be one of ${[...meters].join(", ")}` }],
  ),
];
