import { beforeAll, describe, expect, test } from "vitest";
import { everySingle, sample } from "../support/crash/cover.ts";
import { leftOut, withoutCall } from "../support/crash/left-out.ts";
import { livesThrough, packed } from "../support/crash/pack.ts";
import { pairs } from "../support/crash/pairs.ts";
import type { Seen, TierPoints } from "../support/crash/points.ts";
import { outcomeOf } from "../support/crash/outcome.ts";
import { createHarness, type Harness, queueOf } from "../support/crash/run.ts";
import {
  endsAll,
  faultNames,
  type Injected,
  nameOf,
  nameOfFault,
  parseSchedule,
  rulesOf,
  type Schedule,
} from "../support/crash/schedule.ts";
import { ready } from "../support/ready.ts";

/** Other schedules with each seed; any seed must do. `npm run bench:crash` tries every fault of every tier. */
const seed = 20_260_101;

describe("onboarding is never left half done", () => {
  let harness: Harness;
  let tiers: TierPoints[];
  beforeAll(async () => {
    harness = await createHarness(ready());
    tiers = await harness.learn(["trial"]);
  });

  test("whatever befalls a call of any task, or of its compensation", async () => {
    const services = new Set(tiers.flatMap(({ onward }) => onward.map(({ service }) => service)));
    const all = ["dynamodb", "postgres", "secretsmanager", "s3", "cognito-idp", "kubernetes", "eks", "ses"];
    expect([...services]).toEqual(expect.arrayContaining(all));
    const singles = await harness.run(queueOf(packed(sample(tiers, seed, 2))));
    const outcome = outcomeOf([...singles, ...(await harness.run(queueOf(pairs(13, seed, tiers)), { spared: true }))]);
    const { runs, tenants, faults, met, pairs: drawn, pairsMet, survived, undone, violations } = outcome;
    process.stdout.write(
      `crash schedules: ${runs} runs of ${tenants} onboardings with ${faults} faults, ${met} of them met, and ` +
        `${pairsMet} of ${drawn} pairs; ` +
        `${survived} survived, ${undone} undone and retried, ${violations.length} violations\n`,
    );
    expect(violations).toEqual([]);
    expect(undone).toBeGreaterThan(10);
    expect(met).toBeGreaterThan(faults * 0.9);
    expect(drawn).toBe(13);
    expect(pairsMet).toBeGreaterThan(9);
    // Every task met faults, and every fault met tasks.
    const tasks = new Set([...outcome.metBy.keys()].map((key) => key.split(" ")[0]));
    expect(tasks.size).toBe(14);
    for (const fault of faultNames)
      expect([...outcome.metBy.keys()].filter((key) => key.endsWith(` ${fault}`)).length).toBeGreaterThan(2);
  });
});

test("the proof notices a release that leaves a call out", async () => {
  const one = leftOut.find(([, , action]) => action === "DeletePodIdentityAssociation")!;
  const { violations } = await withoutCall(ready(), one);
  expect(violations.map(({ what }) => what)).toContainEqual(expect.stringContaining(one[3]));
});

/** Calls of a few tasks, and of one that takes back. */
const known = (): TierPoints[] => {
  const role = { step: "ProvisionDatabase", service: "postgres", action: "CREATE ROLE", nth: 0, turn: 0 };
  const point: Seen = { ...role, opens: true };
  const back: Seen = { ...point, step: "ReleaseDatabase", action: 'GRANT "_"', nth: 2, turn: 1 };
  const end: Seen = { ...point, step: "ActivateTenant", service: "dynamodb", action: "UpdateItem" };
  const write = { ...point, action: "GRANT", opens: false };
  const read = { ...point, service: "s3", action: "HeadObject", step: "ProvisionStorage" };
  return [{ tier: "trial", onward: [point, write, read, end], back: [back] }];
};

test("each fault is met by one run, and no run meets more than its tasks live through", () => {
  const wanted = everySingle(known(), 1);
  const named = (list: readonly Injected[]) => list.map(nameOfFault).toSorted();
  const rounds = packed(wanted).flatMap((schedule) => schedule.rounds);
  const { end, survivable, fatal, back } = wanted[0]!;
  expect(fatal.length * back.length).toBeGreaterThan(0);
  // What ends an onboarding stands alone on its way, but for what leads to a compensation.
  for (const round of rounds) expect(round.filter(endsAll).length).toBeLessThan(2);
  const met = rounds.flatMap((round) => (round.length > 1 && round[0] === end ? round.slice(1) : round));
  expect(named(met)).toEqual(named([...survivable, ...fatal, ...back]));
  for (const round of rounds.filter((one) => !one.some(endsAll)))
    for (const list of Object.values(Object.groupBy(round, ({ point }) => point.step)))
      expect(livesThrough(list ?? [])).toBe(true);
});

test("a schedule is known by its name", () => {
  const tiers = known();
  const schedules = [...packed(sample(tiers, 1)), ...pairs(4, 7, tiers)];
  expect(schedules.some(({ rounds }) => rounds.length > 1)).toBe(true);
  const rules = ({ tier, rounds }: Schedule) => [tier, ...rounds.map((round) => rulesOf(round, "ten_1"))];
  for (const schedule of schedules) expect(rules(parseSchedule(nameOf(schedule)))).toEqual(rules(schedule));
  expect(() => parseSchedule("trial something")).toThrow("is no fault");
});
