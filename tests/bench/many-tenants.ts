import { rm } from "node:fs/promises";
import { signIn } from "../support/api.ts";
import { startApp, temporaryFolder } from "../support/app.ts";
import { takeInventory } from "../support/inventory.ts";
import { type Onboarded, onboardMany, transitionsOf } from "../support/many.ts";
import type { Bench, Row } from "./bench.ts";

const percentiles = (measure: string, milliseconds: readonly number[]): Row[] => {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  return [50, 95].map((p) => ({
    measure: `${measure}, p${p} (n = ${sorted.length})`,
    value: sorted[Math.ceil((p / 100) * sorted.length) - 1] ?? Number.NaN,
    unit: "ms",
  }));
};

const groups = (all: readonly Onboarded[]): Row[] => [
  ...percentiles(
    "onboarding, 20 at once",
    all.map(({ milliseconds }) => milliseconds),
  ),
  ...[...new Set(all.map(({ tier }) => tier))].flatMap((tier) =>
    percentiles(
      `onboarding of ${tier}`,
      all.filter((one) => one.tier === tier).map(({ milliseconds }) => milliseconds),
    ),
  ),
  ...[...new Set(all.flatMap(({ steps }) => Object.keys(steps)))].flatMap((step) =>
    percentiles(
      `step ${step}`,
      all.flatMap(({ steps }) => steps[step] ?? []),
    ),
  ),
];

/** What Step Functions costs in us-east-1, in dollars for 1,000 state transitions. */
const price = 0.025;

/** 200 tenants, 20 at once, over all tiers that share a database server; then one of the tier that does not. */
export const manyTenants: Bench = {
  name: "many tenants",
  async run() {
    const data = temporaryFolder();
    const app = await startApp(data);
    try {
      const token = await signIn(app.ready);
      const tiers = ["trial", "standard", "business"];
      await onboardMany(app.ready, token, { count: 3, atOnce: 3, tiers, prefix: "warm" });
      const since = performance.now();
      const all = await onboardMany(app.ready, token, { count: 200, atOnce: 20, tiers, prefix: "many" });
      const seconds = (performance.now() - since) / 1000;
      const bad = all.filter(({ status }) => status !== "succeeded");
      if (bad.length > 0)
        throw new Error(`${bad.length} of ${all.length} were not onboarded: ${JSON.stringify(bad[0])}`);
      const inventory = await takeInventory(app.ready);
      for (const tier of tiers) {
        const kinds = new Set(
          all.filter((one) => one.tier === tier).map(({ tenant }) => inventory.of(tenant).join("\n")),
        );
        if (kinds.size !== 1)
          throw new Error(`The tenants of ${tier} do not have the same: ${[...kinds].join("\n\n")}`);
      }
      const [own] = await onboardMany(app.ready, token, { count: 1, atOnce: 1, tiers: ["premium"], prefix: "silo" });
      if (own?.status !== "succeeded") throw new Error(`premium: ${own?.status}`);
      const transitions = await transitionsOf(app.ready, all[0]!.operation);
      return [
        { measure: "tenants onboarded", value: all.length / seconds, unit: "/s" },
        ...groups(all),
        ...percentiles("onboarding of premium, alone", [own.milliseconds]),
        { measure: "state transitions of an onboarding", value: transitions, unit: "" },
        { measure: "Step Functions' price for 1,000 onboardings", value: transitions * price, unit: "$" },
      ];
    } finally {
      await app.stop();
      await rm(data, { recursive: true, force: true });
    }
  },
};
