import { type TierName, tierNames } from "@tenantry/core/tenant/tier";
import type { Ready } from "../support/app.ts";
import { alone, everySingle, packed, pairs, sample } from "../support/crash/cover.ts";
import { createHarness, type Outcome } from "../support/crash/run.ts";
import { nameOf, parseSchedule, type Schedule } from "../support/crash/schedule.ts";

export type CrashOptions = {
  readonly seed: number;
  readonly pairs: number;
  readonly tiers: readonly string[];
  /** `every`: each fault at each call; `sample`: each fault of each task; `none`. */
  readonly singles: "every" | "sample" | "none";
  /** Each single fault in an onboarding of its own, instead of one for each task. */
  readonly alone: boolean;
  /** One schedule by its name instead of all. */
  readonly only?: string;
};

const print = (what: string, outcome: Outcome, since: number): void => {
  const { runs, tenants, faults, met, unmet, survived, undone, violations } = outcome;
  const minutes = ((performance.now() - since) / 60_000).toFixed(1);
  console.log(
    `  ${what}: ${runs} runs of ${tenants} onboardings with ${faults} faults, ${met} of them met, in ${minutes} min; ` +
      `${survived} survived, ${undone} undone and retried, ${violations.length} violations`,
  );
  if (process.env["CRASH_UNMET"]) for (const one of unmet) console.log(`    unmet: ${nameOf(one)}`);
  for (const { schedule, what: wrong } of violations) console.log(`    ${schedule}\n      ${wrong}`);
};

const isTier = (name: string): name is TierName => (tierNames as string[]).includes(name);

/** Every single fault of each tier and pairs of faults. @returns the number of violations. */
export const crash = async (ready: Ready, options: CrashOptions): Promise<number> => {
  const harness = await createHarness(ready);
  const run = async (what: string, schedules: readonly Schedule[], again = true): Promise<number> => {
    const since = performance.now();
    const onDone = (done: number): void => {
      if (done % 50 === 0)
        console.log(`    ${done} of ${schedules.length} after ${((performance.now() - since) / 1000).toFixed(0)} s`);
    };
    const outcome = await harness.run(schedules, { onDone, again });
    print(what, outcome, since);
    return outcome.violations.length;
  };
  if (options.only !== undefined) return run("one schedule", [parseSchedule(options.only)]);
  const unknown = options.tiers.filter((tier) => !isTier(tier));
  if (unknown.length > 0) throw new Error(`There is no tier ${unknown.join(", ")}.`);
  const tiers = await harness.learn(options.tiers.filter(isTier));
  for (const { tier, onward, back } of tiers)
    console.log(`  ${tier}: ${onward.length} calls onwards, ${back.length} back`);
  let violations = 0;
  if (options.singles !== "none") {
    const wanted = (options.singles === "every" ? everySingle : sample)(tiers, options.seed);
    for (const one of wanted) {
      const schedules = (options.alone ? alone : packed)([one]);
      violations += await run(`single faults, ${one.tier}`, schedules);
    }
  }
  if (options.pairs > 0)
    violations += await run(`pairs, seed ${options.seed}`, pairs(options.pairs, options.seed, tiers), false);
  return violations;
};
