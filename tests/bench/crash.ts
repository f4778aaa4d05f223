import type { Ready } from "../support/app.ts";
import { createHarness, type Outcome } from "../support/crash/run.ts";
import { covering, pairs, parseSchedule, type Schedule, singles } from "../support/crash/schedule.ts";

export type CrashOptions = {
  readonly seed: number;
  readonly pairs: number;
  readonly tiers: readonly string[];
  readonly singles: boolean;
  /** Only so many faults at each call, by turns, instead of all. */
  readonly each?: number;
  /** One schedule by its name instead of all. */
  readonly only?: string;
};

const print = (what: string, { schedules, survived, undone, unmet, violations }: Outcome, since: number): void => {
  const seconds = ((performance.now() - since) / 1000).toFixed(0);
  console.log(
    `  ${what}: ${schedules} schedules in ${seconds} s, ${survived} survived, ${undone} undone and retried, ` +
      `${unmet} met no fault, ${violations.length} violations`,
  );
  for (const { schedule, what: wrong } of violations) console.log(`    ${schedule}\n      ${wrong}`);
};

/** Every single fault of each tier and pairs of faults. @returns the number of violations. */
export const crash = async (ready: Ready, options: CrashOptions): Promise<number> => {
  const harness = await createHarness(ready);
  const run = async (what: string, schedules: readonly Schedule[]): Promise<number> => {
    const since = performance.now();
    const outcome = await harness.run(schedules);
    print(what, outcome, since);
    return outcome.violations.length;
  };
  if (options.only !== undefined) return run("one schedule", [parseSchedule(options.only)]);
  const tiers = [];
  for (const tier of options.tiers) {
    const [onward, back] = [(await harness.clean(tier)).points, await harness.compensated(tier)];
    console.log(`  ${tier}: ${onward.length} calls onwards, ${back.length} back`);
    tiers.push({ tier, onward, back });
  }
  let violations = 0;
  if (options.singles)
    for (const { tier, onward } of tiers)
      violations += await run(
        `single faults, ${tier}`,
        options.each === undefined ? singles(tier, onward) : covering(tier, onward, options.each),
      );
  if (options.pairs > 0)
    violations += await run(`pairs, seed ${options.seed}`, pairs(options.pairs, options.seed, tiers));
  return violations;
};
