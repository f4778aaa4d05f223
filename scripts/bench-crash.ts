/**
 * Runs crash schedules against a cloud of its own, or the one of `TENANTRY_READY`, and prints what they violate.
 * `npm run bench:crash -- --seed N --pairs M [--tiers trial,standard] [--singles every|sample|none] [--alone] [--only SCHEDULE]`
 */
import { readFileSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { crash, type CrashOptions } from "../tests/bench/crash.ts";
import { type Ready, startApp, temporaryFolder } from "../tests/support/app.ts";
import { impatient } from "../tests/support/crash/stage.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    pairs: { type: "string", default: "500" },
    tiers: { type: "string", default: "trial,standard,business,premium" },
    singles: { type: "string", default: "every" },
    alone: { type: "boolean", default: false },
    only: { type: "string" },
  },
});

const running = process.env["TENANTRY_READY"];
const data = temporaryFolder();
impatient();
const app = running === undefined ? await startApp(data) : undefined;
try {
  const violations = await crash(app?.ready ?? (JSON.parse(readFileSync(running ?? "", "utf8")) as Ready), {
    seed: Number(values.seed),
    pairs: Number(values.pairs),
    tiers: values.tiers.split(","),
    singles: values.singles as CrashOptions["singles"],
    alone: values.alone,
    ...(values.only === undefined ? {} : { only: values.only }),
  });
  process.exitCode = violations > 0 ? 1 : 0;
} finally {
  await app?.stop();
  rmSync(data, { recursive: true, force: true });
}
