import { tierNames } from "@tenantry/core/tenant/tier";
import { beforeAll, describe, expect, test } from "vitest";
import { packed, pairs, sample } from "../support/crash/cover.ts";
import type { TierPoints } from "../support/crash/points.ts";
import { createHarness, type Harness, type Outcome } from "../support/crash/run.ts";
import { faultNames, nameOf, parseSchedule, type Point } from "../support/crash/schedule.ts";
import { ask } from "../support/aws.ts";
import { ready } from "../support/ready.ts";

/** Other schedules with each seed; any seed must do. */
const seed = 20_260_101;

const say = (what: string, { runs, tenants, faults, met, survived, undone, violations }: Outcome): void => {
  process.stdout.write(
    `${what}: ${runs} runs of ${tenants} onboardings with ${faults} faults, ${met} of them met; ${survived} survived, ` +
      `${undone} undone and retried, ${violations.length} violations\n`,
  );
};

describe("onboarding is never left half done", () => {
  let harness: Harness;
  let tiers: TierPoints[];
  beforeAll(async () => {
    harness = await createHarness(ready());
    tiers = await harness.learn(tierNames);
  });

  test("whatever befalls a call of any task of any tier, or of its compensation", async () => {
    const services = new Set(tiers.flatMap(({ onward }) => onward.map(({ service }) => service)));
    const all = [
      "dynamodb",
      "postgres",
      "secretsmanager",
      "rds",
      "s3",
      "kms",
      "cognito-idp",
      "kubernetes",
      "eks",
      "ses",
    ];
    expect([...services]).toEqual(expect.arrayContaining(all));
    const outcome = await harness.run([...packed(sample(tiers, seed)), ...pairs(20, seed, tiers)]);
    say("crash schedules", outcome);
    expect(outcome.violations).toEqual([]);
    expect(outcome.undone).toBeGreaterThan(20);
    // Every task met every fault that there is for it.
    expect(outcome.met).toBeGreaterThan(outcome.faults * 0.9);
    const tasks = new Set([...outcome.metBy.keys()].map((key) => key.split(" ")[0]));
    expect(tasks.size).toBe(14);
    for (const fault of faultNames)
      expect([...outcome.metBy.keys()].filter((key) => key.endsWith(` ${fault}`)).length).toBeGreaterThan(5);
  });
});

/** A release that looks whether it is gone does not say so, and tries until it gives up. */
const looks = "the operation is compensation_failed";

/** A call of each release without which something stays, and what tells of it. */
const leftOut = [
  ["ReleaseNamespace", "kubernetes", "DELETE namespaces", looks],
  ["ReleaseNamespace", "eks", "DeletePodIdentityAssociation", "pod identity of tenant-workload"],
  ["ReleaseIdentity", "cognito-idp", "AdminDeleteUser", "user <owner> of the shared pool"],
  ["ReleaseIdentity", "dynamodb", "DeleteItem", "membership tenant-owner"],
  ["ReleaseStorage", "s3", "DeleteObjects", looks],
  ["ReleaseDatabase", "secretsmanager", "DeleteSecret", "secret tenantry/"],
] as const;

describe("the proof notices", () => {
  test.for(leftOut)("that %s leaves out %s:%s", async ([step, service, action, tells]) => {
    const harness = await createHarness(ready());
    // The first one: after a later one the tenant is active, and there is nothing to take back.
    const last = (await harness.clean("standard")).points.find((point) => point.step === "ActivateTenant")!;
    const rule = { service, action, kind: "ignore", invocation: [`"step":"${step}"`] };
    await ask(ready(), "faults", "/_faults", { method: "POST", body: JSON.stringify(rule) });
    const outcome = await harness.run([{ tier: "standard", rounds: [[{ point: last, fault: "refused" }]] }]);
    expect(outcome.violations.map(({ what }) => what)).toContainEqual(expect.stringContaining(tells));
  });
});

test("a schedule is known by its name", () => {
  const point: Point = { step: "ProvisionDatabase", service: "postgres", action: "CREATE ROLE", nth: 0 };
  const back: Point = { ...point, step: "ReleaseDatabase", action: 'GRANT "_"', nth: 2 };
  const end: Point = { ...point, step: "ActivateTenant", service: "dynamodb", action: "UpdateItem" };
  const tiers = [{ tier: "trial" as const, onward: [point, end], back: [back] }];
  for (const schedule of [...packed(sample(tiers, 1)), ...pairs(4, 7, tiers)])
    expect(parseSchedule(nameOf(schedule))).toEqual(schedule);
  expect(() => parseSchedule("trial something")).toThrow("is no schedule");
});
