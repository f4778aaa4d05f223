import { type TierName, tierNames } from "@tenantry/core/tenant/tier";
import type { Ready } from "../support/app.ts";
import { everySingle, sample } from "../support/crash/cover.ts";
import { alone, packed } from "../support/crash/pack.ts";
import { pairs } from "../support/crash/pairs.ts";
import { outcomeOf, type Run } from "../support/crash/outcome.ts";
import { createHarness, queueOf } from "../support/crash/run.ts";
import { nameOf, parseSchedule, type Schedule } from "../support/crash/schedule.ts";

export type CrashOptions = {
  readonly seed: number;
  readonly pairs: number;
  readonly tiers: readonly string[];
  /** `every`: each fault at each call; `sample`: each fault of each task; `none`. */
  readonly singles: "every" | "sample" | "none";
  /** Each single fault in an onboarding of its own, instead of one for each task. */
  readonly alone: boolean;
  /** Workers die with what they run, as processes do, and are loaded anew; else they are spared. */
  readonly kill: boolean;
  /** One schedule by its name instead of all. */
  readonly only?: string;
};

/** Prints what became of runs. @returns the number of violations. */
const print = (what: string, list: readonly Run[]): number => {
  const { runs, tenants, faults, met, unmet, pairs: two, pairsMet, survived, undone, violations } = outcomeOf(list);
  const drawn = two === 0 ? "" : ` in ${two} pairs, ${pairsMet} of them met together`;
  console.log(
    `  ${what}: ${runs} runs of ${tenants} onboardings with ${faults} faults${drawn}, ${met} met; ` +
      `${survived} survived, ${undone} undone and retried, ${violations.length} violations`,
  );
  if (process.env["CRASH_UNMET"]) for (const one of unmet) console.log(`    unmet: ${nameOf(one)}`);
  for (const { schedule, what: wrong } of violations) console.log(`    ${schedule}\n      ${wrong}`);
  return violations.length;
};

const isTier = (name: string): name is TierName => (tierNames as string[]).includes(name);

/** Long ones first, so that not all wait for one at the end. A silo's server takes its time to start. */
const length = ({ tier, rounds }: Schedule): number => rounds.length * (tier === "premium" ? 2 : 1);

/**
 * Every single fault of each tier and pairs of faults, by turns on clouds side by side.
 *
 * @returns the number of violations
 */
export const crash = async (clouds: readonly Ready[], options: CrashOptions): Promise<number> => {
  const harnesses = await Promise.all(clouds.map(createHarness));
  const run = async (schedules: readonly Schedule[]): Promise<Run[]> => {
    const since = performance.now();
    const minutes = () => `${((performance.now() - since) / 60_000).toFixed(1)} min`;
    let done = 0;
    const onDone = (): void => {
      if ((done += 1) % 50 === 0)
        console.log(`    ${done} schedules, of ${schedules.length} and those led around, after ${minutes()}`);
    };
    const queue = queueOf(schedules.toSorted((a, b) => length(b) - length(a)));
    const runs = await Promise.all(harnesses.map((one) => one.run(queue, { spared: !options.kill, onDone })));
    console.log(`  ${runs.flat().length} runs in ${minutes()}, ${clouds.length} clouds side by side`);
    return runs.flat();
  };
  if (options.only !== undefined) return print("one schedule", await run([parseSchedule(options.only)]));

  const unknown = options.tiers.filter((tier) => !isTier(tier));
  if (unknown.length > 0) throw new Error(`There is no tier ${unknown.join(", ")}.`);
  const tiers = await harnesses[0]!.learn(options.tiers.filter(isTier));
  for (const { tier, onward, back } of tiers)
    console.log(`  ${tier}: ${onward.length} calls onwards, ${back.length} back`);
  const single = { every: everySingle, sample, none: () => [] }[options.singles](tiers, options.seed);
  const runs = await run([...(options.alone ? alone : packed)(single), ...pairs(options.pairs, options.seed, tiers)]);
  const of = Object.entries(Object.groupBy(runs, ({ tier, together }) => (together ? "pairs" : tier)));
  return of.reduce((sum, [name, list = []]) => {
    const what = name === "pairs" ? `pairs, seed ${options.seed}` : `single faults, ${name}`;
    return sum + print(what, list);
  }, 0);
};
