import { beforeAll, describe, expect, test } from "vitest";
import { packed, pairs, sample } from "../support/crash/cover.ts";
import { leftOut, withoutCall } from "../support/crash/left-out.ts";
import type { TierPoints } from "../support/crash/points.ts";
import { createHarness, type Harness, outcomeOf } from "../support/crash/run.ts";
import { faultNames, nameOf, parseSchedule, type Point } from "../support/crash/schedule.ts";
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
    const outcome = outcomeOf(await harness.run([...packed(sample(tiers, seed, 2)), ...pairs(4, seed, tiers)]));
    const { runs, tenants, faults, met, survived, undone, violations } = outcome;
    process.stdout.write(
      `crash schedules: ${runs} runs of ${tenants} onboardings with ${faults} faults, ${met} of them met; ` +
        `${survived} survived, ${undone} undone and retried, ${violations.length} violations\n`,
    );
    expect(violations).toEqual([]);
    expect(undone).toBeGreaterThan(10);
    expect(met).toBeGreaterThan(faults * 0.9);
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

test("a schedule is known by its name", () => {
  const point: Point = { step: "ProvisionDatabase", service: "postgres", action: "CREATE ROLE", nth: 0, turn: 0 };
  const back: Point = { ...point, step: "ReleaseDatabase", action: 'GRANT "_"', nth: 2, turn: 1 };
  const end: Point = { ...point, step: "ActivateTenant", service: "dynamodb", action: "UpdateItem" };
  const tiers = [{ tier: "trial" as const, onward: [point, end], back: [back] }];
  const schedules = [...packed(sample(tiers, 1)), ...pairs(4, 7, tiers)];
  expect(schedules.some(({ rounds }) => rounds.length > 1)).toBe(true);
  for (const { tier, rounds, ...schedule } of schedules)
    expect(parseSchedule(nameOf({ tier, rounds, ...schedule }))).toEqual({ tier, rounds });
  expect(() => parseSchedule("trial something")).toThrow("is no fault");
});
