import { onboard, signIn } from "../support/api.ts";
import { startApp, temporaryFolder } from "../support/app.ts";
import type { Bench, Row } from "./bench.ts";
import { rm } from "node:fs/promises";

const percentile = (sorted: readonly number[], p: number) =>
  sorted[Math.ceil((p / 100) * sorted.length) - 1] ?? Number.NaN;

const distribution = (label: string, milliseconds: number[]): Row[] => {
  const sorted = milliseconds.toSorted((a, b) => a - b);
  return [50, 95].map((p) => ({ measure: `${label}, p${p}`, value: percentile(sorted, p), unit: "ms" }));
};

/** Time from POST to an operation that has ended as succeeded, on the embedded cloud; and the time the cloud takes to be ready. */
export const onboarding: Bench = {
  name: "start and onboarding",
  async run() {
    const data = temporaryFolder();
    const first = await startApp(data);
    await first.stop();
    const app = await startApp(data);
    try {
      const token = await signIn(app.ready);
      let number = 0;
      const one = async (): Promise<number> => {
        const since = performance.now();
        const { operation } = await onboard(app.ready, token, { name: `Bench ${number++}`, tier: "standard" });
        if (operation.status !== "succeeded")
          throw new Error(`An onboarding is ${operation.status}: ${JSON.stringify(operation.error)}`);
        return performance.now() - since;
      };
      await one(); // the first pays for every cold start
      const alone: number[] = [];
      for (let i = 0; i < 20; i++) alone.push(await one());
      const together: number[] = [];
      for (let round = 0; round < 3; round++) together.push(...(await Promise.all(Array.from({ length: 20 }, one))));
      return [
        { measure: "npm start to ready, empty data folder", value: first.milliseconds, unit: "ms", limit: 15_000 },
        { measure: "npm start to ready, kept data folder", value: app.milliseconds, unit: "ms", limit: 15_000 },
        ...distribution("onboarding, 1 at once (n = 20)", alone),
        ...distribution("onboarding, 20 at once (n = 60)", together),
      ];
    } finally {
      await app.stop();
      await rm(data, { recursive: true, force: true });
    }
  },
};
